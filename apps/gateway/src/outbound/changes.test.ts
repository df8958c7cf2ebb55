import { until } from "@parley/async";
import {
  contentDigest,
  encodeBody,
  encodeChange,
  formatId,
  type ServerFrame,
  timestampOf,
} from "@parley/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChatClient, connectClient, connectPlainClient } from "../test/chat-client.ts";
import { type RunningGateway, startGateway, withJoin } from "../test/running-gateway.ts";

/** Returns an id greater than those of the log in memory. */
const at = (n: number) => formatId({ ms: 9_000_000_000_000 + n, seq: 0 });
const message = (n: number, to = "") => ({
  id: at(n),
  body: encodeBody({ from: "alice", to, content: `${n}` }),
});
const change = (n: number, kind: "edit" | "delete", of: number, to = "") => {
  const target = { from: "alice", to, id: at(of), digest: contentDigest({ content: `${of}` }) };
  const body =
    kind === "edit"
      ? encodeChange({ ...target, kind, content: `${n}`, meta: '{"n":1}' })
      : encodeChange({ ...target, kind, by: "carol" });
  return { id: at(n), body, kind };
};
/** The position of a frame in the log. */
const positionIn = (frame: ServerFrame) =>
  "change" in frame ? frame.change : "id" in frame ? frame.id : undefined;

describe("a live change", () => {
  it("P74: arrives as `edited` or `deleted` without its digest, at everybody for whom its message is meant", async () => {
    const gateway = await startGateway();
    const [alice, bob, carol] = await Promise.all(
      ["alice", "bob", "carol"].map((user) => connectClient(gateway, user)),
    );
    for (const user of ["alice", "bob"]) gateway.listener.message(user, change(2, "edit", 1, "bob"));
    gateway.listener.message("", change(4, "delete", 3));
    await Promise.all([alice, bob, carol].map((client) => client?.waitFor("deleted")));
    const edited = {
      type: "edited",
      change: at(2),
      ...{ from: "alice", to: "bob", id: at(1), content: "2", meta: { n: 1 } },
      timestamp: timestampOf(at(2)),
    };
    const deleted = {
      type: "deleted",
      change: at(4),
      ...{ from: "alice", to: "", id: at(3), by: "carol" },
      timestamp: timestampOf(at(4)),
    };
    for (const client of [alice, bob]) expect(client?.frames.slice(1)).toEqual([edited, deleted]);
    expect(carol?.frames.slice(1)).toEqual([deleted]);
    expect(alice?.texts.slice(1)).toEqual(bob?.texts.slice(1));
  });

  it("L25: comes from the log that this process appends to", async () => {
    const gateway = await startGateway();
    const alice = await connectClient(gateway, "alice");
    alice.send({ to: "bob", content: "hi", ref: "1" });
    await alice.waitFor("ack");
    const [sent] = gateway.store.messages;
    if (!sent) throw new Error("nothing is stored");
    const { from, to, id } = sent;
    const edit = { kind: "edit", from, to, id, digest: contentDigest(sent), content: "ho" } as const;
    await gateway.appender.append([edit]);
    await alice.waitFor("edited");
    expect(alice.framesOf("edited")).toMatchObject([{ id, content: "ho" }]);
    expect(gateway.store.changes).toMatchObject([{ id, content: "ho" }]);
  });

  it("P74, P22: never reaches a client without chat.v1, which gets the messages around it", async () => {
    const gateway = await startGateway();
    const [bob, plain] = [await connectClient(gateway, "bob"), await connectPlainClient(gateway, "bob")];
    gateway.listener.message("", change(2, "edit", 1));
    gateway.listener.message("bob", change(3, "delete", 1, "bob"));
    await bob.waitFor("deleted");
    for (const n of [4, 6]) {
      gateway.listener.message("", message(n));
      gateway.listener.message("", change(n + 1, "edit", n));
    }
    gateway.listener.message("bob", message(8, "bob"));
    gateway.listener.message("", change(9, "delete", 4));
    await Promise.all([bob.waitFor("deleted", 2), plain.waitFor("message", 3)]);
    expect(plain.frames.map(positionIn)).toEqual([at(4), at(6), at(8)]);
    expect(bob.frames.slice(1).map(positionIn)).toEqual([2, 3, 4, 5, 6, 7, 8, 9].map(at));
  });

  it("L17: that arrives during the handshake is sent after ready if it is after the cursor, only under chat.v1", async () => {
    let deliver: () => void = () => undefined;
    const gateway = await startGateway({
      live: (live) =>
        withJoin(live, async (user) => {
          await live.join(user);
          deliver();
          return at(2);
        }),
    });
    deliver = () => {
      deliver = () => undefined;
      gateway.listener.message("", change(2, "edit", 1));
      gateway.listener.message("bob", change(3, "edit", 1, "bob"));
      gateway.listener.message("", change(4, "delete", 1));
    };
    const bob = await connectClient(gateway, "bob");
    await bob.waitFor("deleted");
    expect(bob.frames.map(positionIn)).toEqual([undefined, at(3), at(4)]);
    deliver = () => {
      gateway.listener.message("bob", change(5, "edit", 1, "bob"));
      gateway.listener.message("", message(6));
    };
    const plain = new ChatClient(gateway.wsUrl, ["Bearer", await gateway.token("bob")]);
    await plain.waitFor("message");
    expect(plain.frames.map(positionIn)).toEqual([at(6)]);
    plain.ws.terminate();
  });

  it("P21: isn't sent again if a repair delivers it again, nor after a gap's cursor", async () => {
    const gateway = await startGateway();
    const bob = await connectClient(gateway, "bob");
    for (const n of [2, 2]) gateway.listener.message("bob", change(n, "edit", 1, "bob"));
    gateway.listener.message("", change(3, "edit", 1));
    gateway.listener.message("bob", change(2, "edit", 1, "bob"));
    gateway.listener.gap(at(5));
    for (const n of [4, 5, 6]) gateway.listener.message("", change(n, "delete", 1));
    await bob.waitFor("deleted");
    expect(bob.frames.slice(1).map(positionIn)).toEqual([at(2), at(3), undefined, at(6)]);
  });

  it("L16, P21: any mix of messages and changes arrives in log order, each once, at every connection", async () => {
    const gateway = await startGateway();
    const bob = await connectClient(gateway, "bob");
    const plain = await connectPlainClient(gateway, "bob");
    const delivered: Step[] = [];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        for (const one of steps) await deliver(gateway, one, delivered.push(one) + FIRST);
      }),
      { numRuns: 60 },
    );
    const end: Step = { to: "", kind: undefined, times: 1, pauses: false };
    await deliver(gateway, end, delivered.push(end) + FIRST);
    const [last] = [at(delivered.length + FIRST)];
    for (const client of [bob, plain])
      await until(() => client.frames.some((frame) => positionIn(frame) === last), "the end");
    const idsOf = (isShown: (one: Step) => boolean) =>
      delivered.flatMap((one, i) => (isShown(one) ? [at(i + 1 + FIRST)] : []));
    expect(bob.frames.slice(1).map(positionIn)).toEqual(idsOf(() => true));
    expect(plain.frames.map(positionIn)).toEqual(idsOf(({ kind }) => kind === undefined));
  });
});

/** The number of the first entry, less one. Changes are of the entry five before. */
const FIRST = 10;

const step = fc.record({
  to: fc.constantFrom("", "bob"),
  kind: fc.constantFrom(undefined, "edit" as const, "delete" as const),
  /** Deliveries of this entry. A repair may deliver it again. */
  times: fc.constantFrom(1, 1, 2),
  /** Lets the gateway write before the next entry. */
  pauses: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function deliver(gateway: RunningGateway, { to, kind, times, pauses }: Step, n: number): Promise<void> {
  const entry = kind ? change(n, kind, n - 5, to) : message(n, to);
  for (let i = 0; i < times; i += 1) gateway.listener.message(to, entry);
  if (pauses) await new Promise(setImmediate);
}
