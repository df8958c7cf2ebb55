import { until } from "@parley/async";
import { timestampOf } from "@parley/models";
import { describe, expect, it } from "vitest";
import { codeOf, draft, idOf, send, type WithBus } from "./fixture.ts";

const DAY_MS = 86_400_000;

/** Rules for a clock that leaps (F17). */
export function describeClock(withBus: WithBus): void {
  describe("a clock that leaps", () => {
    it(
      "L1, L5, F17: ids go on after a clock that was a day ahead, and retries get the first id",
      withBus(async ({ append, bus, live, delivered, persister, tail }) => {
        await live.join("bob");
        const message = (text: string) => draft("alice", "bob", text, text);
        const ids = [await send(append, message("before"))];
        await bus.setClockAhead(DAY_MS);
        const aheadAt = Date.now() + DAY_MS;
        ids.push(await send(append, message("leapt")));
        expect(await send(append, message("before"))).toBe(ids[0]);
        await bus.setClockAhead(0);
        ids.push(...(await append.append([message("after"), message("again")])).map(idOf));
        expect(ids).toEqual(ids.toSorted());
        for (const id of ids.slice(1))
          expect(Math.abs(Date.parse(timestampOf(id)) - aheadAt)).toBeLessThan(60_000);
        for (const [i, text] of ["before", "leapt", "after", "again"].entries())
          expect(await send(append, message(text))).toBe(ids[i]);
        const last = ids.at(-1) ?? "";
        await until(() => persister.stored.has(last) && delivered.at(-1)?.id === last, "all is delivered");
        expect(delivered.map(({ id }) => id)).toEqual(ids);
        expect([...persister.stored.keys()].toSorted()).toEqual(ids);
        await until(async () => (await tail.watermark()) >= last, "the watermark follows");
      }),
    );

    it(
      "L5, F17: refs are forgotten while ids are ahead of the clock, so that no sender is refused for ever",
      withBus(
        async ({ append, bus }) => {
          await bus.setClockAhead(DAY_MS);
          await send(append, draft("clock", "", "leapt"));
          await bus.setClockAhead(0);
          let n = 0;
          /** Sends as many messages as the log has room for refs, each from a sender of its own. */
          const areAllAccepted = async () => {
            const drafts = Array.from({ length: 100 }, () => draft(`sender${n++}`, "", "x", "r"));
            return (await append.append(drafts)).every((result) => codeOf(result) === "ok");
          };
          for (let round = 0; round < 3; round += 1)
            await until(areAllAccepted, "there is room for a hundred refs again");
        },
        { dedupeWindowMs: 300, dedupeMaxRefs: 100 },
      ),
    );
  });
}
