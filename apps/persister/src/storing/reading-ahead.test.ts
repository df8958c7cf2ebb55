import { until } from "@parley/async";
import { afterEach, describe, expect, it } from "vitest";
import { start, stop } from "../test/running.ts";
import { given, message, ScriptedStore } from "../test/scripted.ts";

afterEach(stop);

const one = message(1);

describe("reading ahead", () => {
  const large = (from: number) => Array.from({ length: 250 }, (_, n) => given(message(from + n)));

  /** A store that answers only when it is told to. */
  function slowStore() {
    const store = new ScriptedStore();
    const answers: (() => void)[] = [];
    store.onInsert = (messages) =>
      new Promise((resolve) => answers.push(() => resolve(messages.map(() => ({ kind: "stored" })))));
    return { store, answer: () => answers.shift()?.() };
  }

  it("G5: while a large batch is stored the next is read, and never one more", async () => {
    const { store, answer } = slowStore();
    const { consume } = start({ store });
    consume.give(...large(0));
    consume.give(...large(250));
    consume.give(...large(500));
    await until(() => consume.batches.length === 1);
    expect([store.inserts.length, consume.asked]).toEqual([1, 2]);
    answer();
    await until(() => store.inserts.length === 2 && consume.asked === 3);
    expect(store.tried[1]?.[0]).toBe(message(250).id);
    answer();
    await until(() => store.inserts.length === 3);
    answer();
    await until(() => consume.settled.length === 750);
  });

  it("while a small one is stored, what comes gathers", async () => {
    const { store, answer } = slowStore();
    const { consume } = start({ store });
    consume.give(given(one));
    await until(() => store.inserts.length === 1);
    expect(consume.asked).toBe(1);
    answer();
    await until(() => consume.asked === 2);
  });

  it("P41: what was read ahead is stored too before run resolves", async () => {
    const { store, answer } = slowStore();
    const { consume } = start({ store });
    consume.give(...large(0));
    consume.give(given(one));
    await until(() => store.inserts.length === 1 && consume.batches.length === 0);
    const stopped = stop();
    answer();
    await until(() => store.inserts.length === 2);
    answer();
    await stopped;
    expect(consume.settled).toHaveLength(251);
  });
});
