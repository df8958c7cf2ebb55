import { until } from "@parley/async";
import { timestampOf } from "@parley/models";
import { afterEach, describe, expect, it } from "vitest";
import type { PersisterEvent } from "./events.ts";
import { start, stop } from "./test/running-persister.ts";
import { delivered, message, ScriptedStore, unavailable } from "./test/scripted-adapters.ts";

function ofType<Type extends PersisterEvent["type"]>(events: readonly PersisterEvent[], type: Type) {
  return events.filter((event): event is Extract<PersisterEvent, { type: Type }> => event.type === type);
}

afterEach(stop);

const [one, two, three] = [message(1), message(2), message(3)];

describe("what the store answers", () => {
  it("L13: each message gets its own outcome: stored, duplicateOf, idConflict or failed", async () => {
    const { consumer, store, events } = start();
    const four = message(4);
    store.onInsert = () => [
      { kind: "stored" },
      { kind: "duplicateOf", id: one.id },
      { kind: "idConflict" },
      { kind: "failed", reason: "too large" },
    ];
    consumer.deliver(delivered(one), delivered(two), delivered(three), delivered(four));
    await until(() => consumer.settled.length === 4);
    expect(consumer.settled.map((settled) => settled.outcome)).toEqual([
      { kind: "stored" },
      { kind: "duplicateOf", id: one.id },
      { kind: "idConflict" },
      { kind: "failed", reason: "too large" },
    ]);
    expect(ofType(events, "duplicate")).toEqual([{ type: "duplicate", id: two.id, of: one.id }]);
    expect(ofType(events, "failed")).toMatchObject([{ id: four.id, deliveries: 1 }]);
    await until(() => ofType(events, "settled").length === 1);
  });

  it("L13: an acknowledged message whose ref is stored with another content is stored without its ref", async () => {
    const { consumer, store, events } = start({ acknowledged: true });
    const reused = message(5, { ref: "r" });
    store.onInsert = (messages) =>
      messages.map((each) =>
        each.ref === undefined ? { kind: "stored" } : { kind: "refReused", id: three.id },
      );
    consumer.deliver(delivered(one), delivered(reused));
    await until(() => consumer.settled.length === 2);
    expect(consumer.outcomeOf(reused)).toEqual({ kind: "stored" });
    expect(store.inserts.at(-1)).toEqual([{ ...message(5) }]);
    expect(consumer.settled.at(-1)?.entry).toBe(reused);
    expect(ofType(events, "ref-dropped")).toEqual([{ type: "ref-dropped", id: reused.id, heldBy: three.id }]);
  });

  it("L13: a message that isn't acknowledged yet gets the outcome refReused", async () => {
    const { consumer, store } = start({ acknowledged: false });
    store.onInsert = () => [{ kind: "refReused", id: three.id }];
    consumer.deliver(delivered(message(5, { ref: "r" })));
    await until(() => consumer.settled.length === 1);
    expect(consumer.settled[0]?.outcome).toEqual({ kind: "refReused" });
    expect(store.inserts).toHaveLength(1);
  });

  it("L37: only ids that were acknowledged leave aliases, in every insert of a batch", async () => {
    for (const acknowledged of [true, false]) {
      const { consumer, store } = start({ acknowledged });
      store.onInsert = (messages) => {
        if (store.inserts.length === 1) throw unavailable();
        return messages.map(() => ({ kind: "duplicateOf", id: three.id }));
      };
      consumer.deliver(delivered(one), delivered(two));
      await until(() => consumer.settled.length === 2);
      expect(store.keepAliases.length).toBeGreaterThan(1);
      expect(new Set(store.keepAliases)).toEqual(new Set([acknowledged]));
      await stop();
    }
  });

  it("G1: an outage between a refused ref and the insert without it changes nothing", async () => {
    const { consumer, store } = start();
    const reused = message(5, { ref: "r" });
    let outages = 3;
    store.onInsert = (messages) => {
      if (messages[0]?.ref !== undefined) return [{ kind: "refReused", id: three.id }];
      outages -= 1;
      if (outages >= 0) throw unavailable();
      return [{ kind: "stored" }];
    };
    consumer.deliver(delivered(reused));
    await until(() => consumer.settled.length === 1);
    expect(consumer.outcomeOf(reused)).toEqual({ kind: "stored" });
  });
});

describe("an outage of the store", () => {
  it("G5, F25: what wasn't stored is repeated for ever in smaller groups, and nothing more is read meanwhile", async () => {
    const { persister, consumer, store, events } = start();
    let isDown = true;
    store.onInsert = (messages) => {
      if (isDown) throw unavailable();
      return messages.map(() => ({ kind: "stored" }));
    };
    consumer.deliver(delivered(one), delivered(two));
    consumer.deliver(delivered(three));
    await until(() => store.inserts.length >= 25);
    expect(store.insertedIds[0]).toEqual([one.id, two.id]);
    expect(new Set(store.insertedIds.slice(1).flat())).toEqual(new Set([one.id]));
    expect(store.mayBeStored.slice(0, 3)).toEqual([false, true, true]);
    expect(consumer.nextCalls).toBe(1);
    expect(consumer.settled).toEqual([]);
    expect(persister.problems()).toEqual([expect.stringContaining("the store does not answer")]);
    isDown = false;
    await until(() => consumer.settled.length === 3);
    expect(persister.problems()).toEqual([]);
    expect(ofType(events, "recovered")).toHaveLength(1);
    expect(consumer.settled.every(({ outcome }) => outcome.kind === "stored")).toBe(true);
  });

  it("L10: doesn't count as a failure of the messages", async () => {
    const { consumer, store, events } = start();
    let outages = 10;
    store.onInsert = (messages) => {
      outages -= 1;
      if (outages >= 0) throw unavailable();
      return messages.map(() => ({ kind: "stored" }));
    };
    consumer.deliver(delivered(one), delivered(two));
    await until(() => consumer.settled.length === 2);
    expect(ofType(events, "group-failed")).toEqual([]);
    expect(ofType(events, "failed")).toEqual([]);
  });

  it("also delays the first read, and is reported as a problem", async () => {
    const store = new ScriptedStore();
    let tries = 0;
    store.onPrepare = () => {
      tries += 1;
      return tries < 5 ? Promise.reject(unavailable()) : Promise.resolve();
    };
    const { persister, consumer } = start({ store });
    expect(persister.problems()).toEqual([expect.stringContaining("the store")]);
    expect(consumer.nextCalls).toBe(0);
    await until(() => consumer.nextCalls === 1);
    expect(tries).toBe(5);
    expect(persister.problems()).toEqual([]);
  });
});

describe("a message that the store refuses", () => {
  const poison = message(2, { content: "poison" });
  const broken = () => new RangeError("poison in the batch");

  it("L10: after the group's third failure each message is inserted alone, and only the bad one fails", async () => {
    const { consumer, store, events } = start();
    store.onInsert = (messages) => {
      if (messages.some((each) => each.id === poison.id)) throw broken();
      return messages.map(() => ({ kind: "stored" }));
    };
    consumer.deliver(delivered(one), delivered(poison), delivered(three));
    await until(() => consumer.settled.length === 3);
    const together = [one.id, poison.id, three.id];
    expect(store.insertedIds).toEqual([together, together, together, [one.id], [poison.id], [three.id]]);
    expect(consumer.outcomeOf(one)).toEqual({ kind: "stored" });
    expect(consumer.outcomeOf(three)).toEqual({ kind: "stored" });
    expect(consumer.outcomeOf(poison)).toEqual({ kind: "failed", reason: "RangeError" });
    expect(ofType(events, "group-failed")).toHaveLength(3);
    expect(JSON.stringify(events)).not.toContain("poison");
  });

  it("L10: a message that was delivered more than three times is inserted alone from the start", async () => {
    const { consumer, store } = start();
    consumer.deliver(delivered(one), delivered(poison, 4), delivered(three));
    await until(() => consumer.settled.length === 3);
    expect(store.insertedIds).toEqual([[one.id], [poison.id], [three.id]]);
  });

  it("L10: an outage while messages are inserted alone loses none of them", async () => {
    const { consumer, store } = start();
    let outages = 4;
    store.onInsert = (messages) => {
      if (messages.some((each) => each.id === poison.id)) throw broken();
      if (messages.length === 1) outages -= 1;
      if (messages.length === 1 && outages >= 0) throw unavailable();
      return messages.map(() => ({ kind: "stored" }));
    };
    consumer.deliver(delivered(poison), delivered(one), delivered(three));
    await until(() => consumer.settled.length === 3);
    expect(consumer.outcomeOf(one)).toEqual({ kind: "stored" });
    expect(consumer.outcomeOf(three)).toEqual({ kind: "stored" });
  });
});

describe("the log", () => {
  it("L13: if settling fails, the loop continues and the same message is delivered again", async () => {
    const { consumer, events } = start();
    consumer.beforeSettle = () => Promise.reject(unavailable());
    consumer.deliver(delivered(one));
    await until(() => ofType(events, "log-failed").length === 1);
    expect(ofType(events, "settled")).toEqual([]);
    consumer.beforeSettle = () => Promise.resolve();
    consumer.deliver(delivered(one, 2));
    await until(() => consumer.settled.length === 1);
    expect(consumer.outcomeOf(one)).toEqual({ kind: "stored" });
  });

  it("L12: is trimmed, and its state is reported", async () => {
    const { consumer, events } = start();
    consumer.state = { ...consumer.state, end: two.id, watermark: one.id, backlogEntries: 1, lagMs: 500 };
    await until(() => ofType(events, "log-state").at(-1)?.state === consumer.state);
  });

  it("L12: is measured from the start, even if the store is away and messages can't be stored", async () => {
    const store = new ScriptedStore();
    store.onPrepare = () => Promise.reject(unavailable());
    const { consumer, events } = start({ store });
    consumer.state = { ...consumer.state, backlogEntries: 7, lagMs: 60_000 };
    await until(() => ofType(events, "log-state").at(-1)?.state.backlogEntries === 7);
    expect(consumer.nextCalls).toBe(0);
  });
});

it("F17: a log that is ahead of the clock is reported, with the time", async () => {
  let now = Date.parse(timestampOf(one.id)) - 90_000;
  const { consumer, events } = start({ now: () => now });
  consumer.state = {
    end: one.id,
    watermark: one.id,
    backlogEntries: 0,
    backlogBytes: 0,
    lagMs: 0,
    deadLetters: 0,
  };
  await until(() => ofType(events, "log-ahead").length > 0);
  await until(() => ofType(events, "log-state").at(-1)?.leadMs === 90_000);
  now += 100_000;
  await until(() => ofType(events, "log-in-time").length > 0);
  await until(() => ofType(events, "log-state").at(-1)?.leadMs === 0);
  expect(ofType(events, "log-ahead")).toEqual([{ type: "log-ahead", leadMs: 90_000 }]);
});

describe("stopping", () => {
  it("stores and settles the current batch before run resolves", async () => {
    const { consumer, store } = start();
    const answer = Promise.withResolvers<void>();
    store.onInsert = async (messages) => {
      await answer.promise;
      return messages.map(() => ({ kind: "stored" }));
    };
    consumer.deliver(delivered(one), delivered(two));
    await until(() => store.inserts.length === 1);
    const stopped = stop();
    answer.resolve();
    await stopped;
    expect(consumer.settled.map(({ outcome }) => outcome.kind)).toEqual(["stored", "stored"]);
  });

  it("isn't delayed by an outage: the current batch isn't settled and is delivered again", async () => {
    const { consumer, store } = start({ timings: { retry: { minMs: 60_000, maxMs: 60_000 } } });
    store.onInsert = () => Promise.reject(unavailable());
    consumer.deliver(delivered(one));
    await until(() => store.inserts.length === 1);
    await stop();
    expect(consumer.settled).toEqual([]);
  });

  it("isn't delayed for longer than drainMs by an insert that hangs", async () => {
    const { consumer, store } = start({ timings: { drainMs: 1 } });
    store.onInsert = () => new Promise(() => undefined);
    consumer.deliver(delivered(one));
    await until(() => store.inserts.length === 1);
    await stop();
    expect(consumer.settled).toEqual([]);
  });
});
