import { until } from "@parley/async";
import { afterEach, describe, expect, it } from "vitest";
import type { PersisterEvent } from "./events.ts";
import { start, stop } from "./test/running.ts";
import { given, message, ScriptedStore, unavailable } from "./test/scripted.ts";

function ofType<Type extends PersisterEvent["type"]>(events: readonly PersisterEvent[], type: Type) {
  return events.filter((event): event is Extract<PersisterEvent, { type: Type }> => event.type === type);
}

afterEach(stop);

const [one, two, three] = [message(1), message(2), message(3)];

describe("what the store answers", () => {
  it("L13: stored, duplicateOf, idConflict and failed are said of each message by itself", async () => {
    const { consume, store, events } = start();
    const four = message(4);
    store.onInsert = () => [
      { kind: "stored" },
      { kind: "duplicateOf", id: one.id },
      { kind: "idConflict" },
      { kind: "failed", reason: "too large" },
    ];
    consume.give(given(one), given(two), given(three), given(four));
    await until(() => consume.settled.length === 4);
    expect(consume.settled.map((settled) => settled.outcome)).toEqual([
      { kind: "stored" },
      { kind: "duplicateOf", id: one.id },
      { kind: "idConflict" },
      { kind: "failed", reason: "too large" },
    ]);
    expect(ofType(events, "duplicate")).toEqual([{ type: "duplicate", id: two.id, of: one.id }]);
    expect(ofType(events, "failed")).toMatchObject([{ id: four.id, deliveries: 1 }]);
    await until(() => ofType(events, "settled").length === 1);
  });

  it("L13: an acknowledged message whose ref has another content is stored without its ref", async () => {
    const { consume, store, events } = start({ acknowledged: true });
    const reused = message(5, { ref: "r" });
    store.onInsert = (messages) =>
      messages.map((each) =>
        each.ref === undefined ? { kind: "stored" } : { kind: "refReused", id: three.id },
      );
    consume.give(given(one), given(reused));
    await until(() => consume.settled.length === 2);
    expect(consume.outcomeOf(reused)).toEqual({ kind: "stored" });
    expect(store.inserts.at(-1)).toEqual([{ ...message(5) }]);
    expect(consume.settled.at(-1)?.message).toBe(reused);
    expect(ofType(events, "ref-dropped")).toEqual([{ type: "ref-dropped", id: reused.id, heldBy: three.id }]);
  });

  it("L13: where nobody was acknowledged the sender is told that the ref is reused", async () => {
    const { consume, store } = start({ acknowledged: false });
    store.onInsert = () => [{ kind: "refReused", id: three.id }];
    consume.give(given(message(5, { ref: "r" })));
    await until(() => consume.settled.length === 1);
    expect(consume.settled[0]?.outcome).toEqual({ kind: "refReused" });
    expect(store.inserts).toHaveLength(1);
  });

  it("G1: an outage between a refused ref and the insert without it changes nothing", async () => {
    const { consume, store } = start();
    const reused = message(5, { ref: "r" });
    let outages = 3;
    store.onInsert = (messages) => {
      if (messages[0]?.ref !== undefined) return [{ kind: "refReused", id: three.id }];
      outages -= 1;
      if (outages >= 0) throw unavailable();
      return [{ kind: "stored" }];
    };
    consume.give(given(reused));
    await until(() => consume.settled.length === 1);
    expect(consume.outcomeOf(reused)).toEqual({ kind: "stored" });
  });
});

describe("an outage of the store", () => {
  it("G5: the same batch is tried again, for ever, and nothing more is read meanwhile", async () => {
    const { persister, consume, store, events } = start();
    let away = true;
    store.onInsert = (messages) => {
      if (away) throw unavailable();
      return messages.map(() => ({ kind: "stored" }));
    };
    consume.give(given(one), given(two));
    consume.give(given(three));
    await until(() => store.inserts.length >= 25);
    expect(new Set(store.tried.map((ids) => ids.join()))).toEqual(new Set([`${one.id},${two.id}`]));
    expect(consume.asked).toBe(1);
    expect(consume.settled).toEqual([]);
    expect(persister.problems()).toEqual([expect.stringContaining("the store does not answer")]);
    away = false;
    await until(() => consume.settled.length === 3);
    expect(persister.problems()).toEqual([]);
    expect(ofType(events, "recovered")).toHaveLength(1);
    expect(consume.settled.every(({ outcome }) => outcome.kind === "stored")).toBe(true);
  });

  it("L10: it never sends a message alone or counts as its failure", async () => {
    const { consume, store, events } = start();
    let outages = 10;
    store.onInsert = (messages) => {
      outages -= 1;
      if (outages >= 0) throw unavailable();
      return messages.map(() => ({ kind: "stored" }));
    };
    consume.give(given(one), given(two));
    await until(() => consume.settled.length === 2);
    expect(store.inserts.every((messages) => messages.length === 2)).toBe(true);
    expect(ofType(events, "group-failed")).toEqual([]);
    expect(ofType(events, "failed")).toEqual([]);
  });

  it("is waited out before the first read too, not being ready", async () => {
    const store = new ScriptedStore();
    let tries = 0;
    store.onPrepare = () => {
      tries += 1;
      return tries < 5 ? Promise.reject(unavailable()) : Promise.resolve();
    };
    const { persister, consume } = start({ store });
    expect(persister.problems()).toEqual([expect.stringContaining("the store")]);
    expect(consume.asked).toBe(0);
    await until(() => consume.asked === 1);
    expect(tries).toBe(5);
    expect(persister.problems()).toEqual([]);
  });
});

describe("a message that the store cannot take", () => {
  const poison = message(2, { content: "poison" });
  const broken = () => new RangeError("poison in the batch");

  it("L10: after the group's third failure each goes alone, the rest is stored and it comes again", async () => {
    const { consume, store, events } = start();
    store.onInsert = (messages) => {
      if (messages.some((each) => each.id === poison.id)) throw broken();
      return messages.map(() => ({ kind: "stored" }));
    };
    consume.give(given(one), given(poison), given(three));
    await until(() => consume.settled.length === 3);
    const together = [one.id, poison.id, three.id];
    expect(store.tried).toEqual([together, together, together, [one.id], [poison.id], [three.id]]);
    expect(consume.outcomeOf(one)).toEqual({ kind: "stored" });
    expect(consume.outcomeOf(three)).toEqual({ kind: "stored" });
    expect(consume.outcomeOf(poison)).toEqual({ kind: "failed", reason: "RangeError" });
    expect(ofType(events, "group-failed")).toHaveLength(3);
    expect(JSON.stringify(events)).not.toContain("poison");
  });

  it("L10: one that was given out more than three times is tried alone from the start", async () => {
    const { consume, store } = start();
    consume.give(given(one), given(poison, 4), given(three));
    await until(() => consume.settled.length === 3);
    expect(store.tried).toEqual([[one.id], [poison.id], [three.id]]);
  });

  it("L10: an outage while it is tried alone is waited out, and loses none of the rest", async () => {
    const { consume, store } = start();
    let outages = 4;
    store.onInsert = (messages) => {
      if (messages.some((each) => each.id === poison.id)) throw broken();
      if (messages.length === 1) outages -= 1;
      if (messages.length === 1 && outages >= 0) throw unavailable();
      return messages.map(() => ({ kind: "stored" }));
    };
    consume.give(given(poison), given(one), given(three));
    await until(() => consume.settled.length === 3);
    expect(consume.outcomeOf(one)).toEqual({ kind: "stored" });
    expect(consume.outcomeOf(three)).toEqual({ kind: "stored" });
  });
});

describe("the log", () => {
  it("L13: goes on when it could not be told: the same message comes again", async () => {
    const { consume, events } = start();
    consume.beforeSettle = () => Promise.reject(unavailable());
    consume.give(given(one));
    await until(() => ofType(events, "log-failed").length === 1);
    expect(ofType(events, "settled")).toEqual([]);
    consume.beforeSettle = () => Promise.resolve();
    consume.give(given(one, 2));
    await until(() => consume.settled.length === 1);
    expect(consume.outcomeOf(one)).toEqual({ kind: "stored" });
  });

  it("L12: is trimmed, and its state told with the lag of what waits", async () => {
    const { consume, events } = start();
    consume.state = { end: two.id, watermark: one.id, backlogEntries: 1, backlogBytes: 300 };
    await until(() => ofType(events, "log-state").some(({ lagMs }) => lagMs > 0));
    expect(ofType(events, "log-state").at(-1)?.state).toEqual(consume.state);
  });
});

it("L12: the lag of the first message after a quiet night is not a night", async () => {
  let now = 1_700_000_000_000;
  const { consume, events } = start({ now: () => now });
  consume.state = { end: one.id, watermark: one.id, backlogEntries: 0, backlogBytes: 0 };
  now += 8 * 3_600_000;
  await until(() => ofType(events, "log-state").length > 1);
  now += 500;
  consume.state = { ...consume.state, end: two.id, backlogEntries: 1 };
  await until(() => ofType(events, "log-state").at(-1)?.state === consume.state);
  expect(ofType(events, "log-state").at(-1)?.lagMs).toBe(500);
});

describe("the end", () => {
  it("what is in hand is stored and settled before run resolves", async () => {
    const { consume, store } = start();
    const answer = Promise.withResolvers<void>();
    store.onInsert = async (messages) => {
      await answer.promise;
      return messages.map(() => ({ kind: "stored" }));
    };
    consume.give(given(one), given(two));
    await until(() => store.inserts.length === 1);
    const stopped = stop();
    answer.resolve();
    await stopped;
    expect(consume.settled.map(({ outcome }) => outcome.kind)).toEqual(["stored", "stored"]);
  });

  it("an outage does not hold it up: what is in hand comes again to the next one", async () => {
    const { consume, store } = start({ timings: { retry: { minMs: 60_000, maxMs: 60_000 } } });
    store.onInsert = () => Promise.reject(unavailable());
    consume.give(given(one));
    await until(() => store.inserts.length === 1);
    await stop();
    expect(consume.settled).toEqual([]);
  });

  it("an insert that hangs does not hold it up for longer than drainMs", async () => {
    const { consume, store } = start({ timings: { drainMs: 1 } });
    store.onInsert = () => new Promise(() => undefined);
    consume.give(given(one));
    await until(() => store.inserts.length === 1);
    await stop();
    expect(consume.settled).toEqual([]);
  });
});
