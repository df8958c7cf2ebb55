import { until } from "@parley/async";
import { ChatError } from "@parley/models";
import { describe, expect, it } from "vitest";
import type { WithBus } from "./fixture.ts";

const HOUR = 3_600_000;

/** The contract of the role `revocations` (L26, P65). */
export function describeRevocations(withBus: WithBus): void {
  describe("revocations", () => {
    it(
      "L26: every process learns of a revocation, of a block and of their ends",
      withBus(async ({ bus }) => {
        const gateway = bus.gateway.revocations();
        const history = bus.history.revocations();
        const persister = bus.persister.revocations();
        const isCurrent = () => [gateway, history, persister].every((role) => role.isCurrent());
        await until(isCurrent, "all are connected");
        let changes = 0;
        history.onChange(() => {
          changes += 1;
        });
        const [issuedBefore, end] = [Date.now() - HOUR, Date.now() + HOUR];
        expect(await gateway.revoke({ user: "bob", issuedBefore })).toEqual({ user: "bob", issuedBefore });
        expect(gateway.of("bob")).toEqual({ user: "bob", issuedBefore });
        await until(() => history.of("bob")?.issuedBefore === issuedBefore, "history knows");
        await history.revoke({ user: "bob", until: end });
        await until(() => gateway.of("bob")?.until === end, "the gateway knows");
        expect(await persister.list()).toEqual([{ user: "bob", issuedBefore, until: end }]);
        expect(await gateway.allow("bob", ["user"])).toEqual({ user: "bob", issuedBefore });
        await until(() => history.of("bob")?.until === undefined, "history knows the end");
        expect(await gateway.allow("bob", ["tokens", "user"])).toBeUndefined();
        await until(() => history.of("bob") === undefined, "history knows the other end");
        expect(changes).toBeGreaterThanOrEqual(4);
        expect([gateway.isCurrent(), history.isCurrent()]).toEqual([true, true]);
      }),
    );

    it(
      "L26: of two revocations at once the later time counts, and a deletion counts for what came before it",
      withBus(async ({ bus }) => {
        const [gateway, history] = [bus.gateway.revocations(), bus.history.revocations()];
        await until(() => gateway.isCurrent() && history.isCurrent(), "both are connected");
        await Promise.all([
          gateway.revoke({ user: "bob", issuedBefore: 2_000 }),
          history.revoke({ user: "bob", issuedBefore: 1_000 }),
        ]);
        await gateway.revoke({ user: "bob", issuedBefore: 1_500 });
        expect(await history.list()).toEqual([{ user: "bob", issuedBefore: 2_000 }]);
        await history.allow("bob", ["tokens"]);
        await gateway.revoke({ user: "bob", issuedBefore: 500 });
        expect(await history.list()).toEqual([{ user: "bob", issuedBefore: 500 }]);
        expect(await gateway.allow("nobody", ["tokens", "user"])).toBeUndefined();
      }),
    );

    it(
      "L26: a block that is over has no effect and makes room for others, and one too many is refused",
      withBus(
        async ({ bus }) => {
          const revocations = bus.gateway.revocations();
          await until(() => revocations.isCurrent(), "it is connected");
          await revocations.revoke({ user: "over", until: Date.now() - 1 });
          await revocations.revoke({ user: "one", issuedBefore: 1 });
          expect(await revocations.list()).toEqual([{ user: "one", issuedBefore: 1 }]);
          await revocations.revoke({ user: "two", issuedBefore: 2 });
          const refused = await revocations
            .revoke({ user: "three", issuedBefore: 3 })
            .catch((error) => error);
          expect(refused).toBeInstanceOf(ChatError);
          expect(refused.code).toBe("revocations_full");
          await revocations.revoke({ user: "two", issuedBefore: 20 });
          expect(await revocations.list()).toEqual([
            { user: "one", issuedBefore: 1 },
            { user: "two", issuedBefore: 20 },
          ]);
          // One has no block, and ending both kinds needs no room.
          expect(await revocations.allow("one", ["tokens", "user"])).toBeUndefined();
          expect(await revocations.list()).toEqual([{ user: "two", issuedBefore: 20 }]);
        },
        { maxRevocations: 2 },
      ),
    );
  });
}
