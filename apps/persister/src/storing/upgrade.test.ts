import { until } from "@parley/async";
import { afterEach, describe, expect, it } from "vitest";
import { start, stop } from "../test/running-persister.ts";
import { delivered, message, ScriptedStore, unavailable } from "../test/scripted-adapters.ts";

afterEach(stop);

const [one, two] = [message(1), message(2)];

describe("messages of an earlier version", () => {
  it("are completed while messages are stored, again after a failure, until it is done", async () => {
    const store = new ScriptedStore();
    const answer = Promise.withResolvers<void>();
    let attempts = 0;
    store.onUpgrade = () => {
      attempts += 1;
      return attempts < 3 ? Promise.reject(unavailable()) : answer.promise;
    };
    const { persister, consumer, events } = start({ store });
    consumer.deliver(delivered(one));
    await until(() => consumer.settled.length === 1 && attempts === 3);
    expect(persister.problems()).toEqual([]);
    expect(events.filter(({ type }) => type === "upgrade-failed")).toMatchObject([
      { attempt: 1 },
      { attempt: 2 },
    ]);
    answer.resolve();
    consumer.deliver(delivered(two));
    await until(() => consumer.settled.length === 2);
    expect(attempts).toBe(3);
  });

  it("don't delay the end: the signal ends their upgrade", async () => {
    const store = new ScriptedStore();
    let isRunning = false;
    store.onUpgrade = (signal) => {
      isRunning = true;
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
      );
    };
    const { events } = start({ store });
    await until(() => isRunning);
    await stop();
    expect(events.filter(({ type }) => type === "upgrade-failed")).toEqual([]);
  });

  it("G2: the store is prepared with the format that an operator chose", async () => {
    for (const storeFormat of [undefined, 1, 2] as const) {
      const store = new ScriptedStore();
      start({ store, storeFormat });
      await until(() => store.formats.length > 0);
      await stop();
      expect(store.formats).toEqual([storeFormat]);
    }
  });
});
