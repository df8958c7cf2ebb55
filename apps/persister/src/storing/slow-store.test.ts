import { until } from "@parley/async";
import { positionOf } from "@parley/models";
import { StoreUnavailable } from "@parley/store";
import { afterEach, describe, expect, it } from "vitest";
import { start, stop } from "../test/running-persister.ts";
import { delivered, message, unavailable } from "../test/scripted-adapters.ts";

afterEach(stop);

const [one, two, three] = [message(1), message(2), message(3)];

describe("a slow store", () => {
  it("F25: a store that can't be reached keeps the size of a batch, and a slow one reduces it", async () => {
    const { consumer, store, events } = start();
    const problems = ["unreachable", "failing", "slow"] as const;
    store.onInsert = (messages) => {
      const problem = problems[store.inserts.length - 1];
      if (problem) throw new StoreUnavailable(problem);
      return messages.map(() => ({ kind: "stored" }));
    };
    const batch = Array.from({ length: 8 }, (_, n) => delivered(message(n + 1)));
    consumer.deliver(...batch);
    await until(() => consumer.settled.length === 8);
    expect(store.inserts.map(({ length }) => length)).toEqual([8, 8, 8, 2, 6]);
    // Only the first eight may be stored, because only they were in the failed attempts.
    expect(store.mayBeStored).toEqual([false, true, true, true, true]);
    expect(events.flatMap((event) => (event.type === "batch-limit" ? [event.messages] : []))).toEqual([
      500, 2, 27,
    ]);
  });

  it("F25: each part is settled as soon as it is stored, and only the rest is repeated", async () => {
    const { consumer, store } = start();
    let isSlow = true;
    store.onInsert = (messages) => {
      if (isSlow && messages.length > 2) throw unavailable();
      if (isSlow && messages.some(({ id }) => id === three.id)) throw unavailable();
      return messages.map(() => ({ kind: "stored" }));
    };
    consumer.deliver(...Array.from({ length: 8 }, (_, n) => delivered(message(n + 1))));
    await until(() => consumer.settled.length === 2);
    await until(() => store.insertedIds.at(-1)?.join() === three.id);
    expect(consumer.settled.map(({ entry }) => positionOf(entry))).toEqual([one.id, two.id]);
    isSlow = false;
    await until(() => consumer.settled.length === 8);
    const repeated = store.insertedIds.slice(2).flat();
    expect(repeated).not.toContain(one.id);
  });

  it("F25: messages that another persister has taken over aren't repeated, in this batch and the next", async () => {
    const { consumer, store } = start();
    let isDown = true;
    store.onInsert = (messages) => {
      if (isDown) throw new StoreUnavailable("unreachable");
      return messages.map(() => ({ kind: "stored" }));
    };
    // Large enough that the next batch is read ahead.
    const large = Array.from({ length: 400 }, (_, n) => delivered(message(n + 1)));
    const ahead = [delivered(message(501)), delivered(message(502))];
    consumer.deliver(...large);
    consumer.deliver(...ahead);
    await until(() => store.inserts.length > 1);
    consumer.taken.add(one.id).add(message(502).id);
    await until(() => store.insertedIds.at(-1)?.includes(one.id) === false);
    isDown = false;
    await until(() => consumer.settled.length === 400);
    expect(consumer.outcomeOf(one)).toBeUndefined();
    expect(consumer.outcomeOf(message(501))).toEqual({ kind: "stored" });
    expect(consumer.outcomeOf(message(502))).toBeUndefined();
  });

  it("F25: a batch that is read while the store is slow isn't larger than the store manages", async () => {
    const { consumer, store } = start();
    let attempts = 0;
    store.onInsert = (messages) => {
      attempts += 1;
      if (attempts === 1) throw unavailable();
      return messages.map(() => ({ kind: "stored" }));
    };
    consumer.deliver(...Array.from({ length: 8 }, (_, n) => delivered(message(n + 1))));
    await until(() => consumer.settled.length === 8 && consumer.nextCalls === 2);
    expect(consumer.limit).toBe(27);
  });
});
