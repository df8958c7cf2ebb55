import { setImmediate } from "node:timers/promises";
import { until } from "@parley/async";
import { afterEach, describe, expect, it } from "vitest";
import { start, stop } from "../test/running-persister.ts";
import { delivered, message, ScriptedStore } from "../test/scripted-adapters.ts";

afterEach(stop);

const one = message(1);

describe("reading ahead", () => {
  const large = (from: number) => Array.from({ length: 250 }, (_, n) => delivered(message(from + n)));

  /** A store whose inserts are answered one by one, by calling `answer`. */
  function slowStore() {
    const store = new ScriptedStore();
    const answers: (() => void)[] = [];
    store.onInsert = (messages) =>
      new Promise((resolve) => answers.push(() => resolve(messages.map(() => ({ kind: "stored" })))));
    return { store, answer: () => answers.shift()?.() };
  }

  it("G5: while a large batch is stored, the next one is read, and never more than that", async () => {
    const { store, answer } = slowStore();
    const { consumer } = start({ store });
    consumer.deliver(...large(0));
    consumer.deliver(...large(250));
    consumer.deliver(...large(500));
    await until(() => consumer.batches.length === 1);
    expect([store.inserts.length, consumer.nextCalls]).toEqual([1, 2]);
    answer();
    await until(() => store.inserts.length === 2 && consumer.nextCalls === 3);
    expect(store.insertedIds[1]?.[0]).toBe(message(250).id);
    answer();
    await until(() => store.inserts.length === 3);
    answer();
    await until(() => consumer.settled.length === 750);
  });

  it("while a small batch is stored, nothing is read ahead", async () => {
    const { store, answer } = slowStore();
    const { consumer } = start({ store });
    consumer.deliver(delivered(one));
    await until(() => store.inserts.length === 1);
    expect(consumer.nextCalls).toBe(1);
    answer();
    await until(() => consumer.nextCalls === 2);
  });

  it("after a small batch messages gather before the next one is read, and a stop doesn't wait for that", async () => {
    const { consumer } = start({ gatherMs: 3_600_000 });
    consumer.deliver(delivered(one));
    await until(() => consumer.settled.length === 1);
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    expect(consumer.nextCalls).toBe(1);
    await stop();
  });

  it("after a large batch the next one is read at once", async () => {
    const { consumer } = start({ gatherMs: 3_600_000 });
    consumer.deliver(...large(0));
    consumer.deliver(...large(250));
    await until(() => consumer.settled.length === 500);
  });

  it("P41: the batch that was read ahead is stored before run resolves", async () => {
    const { store, answer } = slowStore();
    const { consumer } = start({ store });
    consumer.deliver(...large(0));
    consumer.deliver(delivered(one));
    await until(() => store.inserts.length === 1 && consumer.batches.length === 0);
    const stopped = stop();
    answer();
    await until(() => store.inserts.length === 2);
    answer();
    await stopped;
    expect(consumer.settled).toHaveLength(251);
  });
});
