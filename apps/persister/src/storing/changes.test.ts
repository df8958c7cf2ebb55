import { until } from "@parley/async";
import { ORIGIN } from "@parley/models";
import type { ChangeOutcome } from "@parley/store";
import { afterEach, describe, expect, it } from "vitest";
import { start, stop } from "../test/running-persister.ts";
import { delivered, edit, message, unavailable } from "../test/scripted-adapters.ts";

afterEach(stop);

const [one, two, three] = [message(1), message(2), message(3)];
const [editOfOne, editOfTwo, editOfThree] = [edit(11, one), edit(12, two), edit(13, three)];

describe("changes", () => {
  it("L28: a batch's messages are inserted and settled first, then its changes are applied in log order", async () => {
    const { consumer, store, events } = start();
    const steps: string[] = [];
    store.onInsert = (messages) => {
      steps.push(`insert ${messages.length}`);
      return messages.map(() => ({ kind: "stored" }));
    };
    store.onChange = (changes) => {
      steps.push(`change ${changes.length}, ${consumer.settled.length} settled`);
      return changes.map(() => ({ kind: "stored" }));
    };
    consumer.deliver(delivered(editOfOne), delivered(two), delivered(editOfTwo), delivered(three));
    await until(() => consumer.settled.length === 4);
    expect(steps).toEqual(["insert 2", "change 2, 2 settled"]);
    expect(store.changes.map(({ changes }) => changes)).toEqual([[editOfOne, editOfTwo]]);
    const counts = events.flatMap((event) => (event.type === "settled" ? [event] : []));
    expect(counts).toEqual([
      { type: "settled", messages: { stored: 2 }, changes: {} },
      { type: "settled", messages: {}, changes: { stored: 2 } },
    ]);
  });

  it("L28: an orphan is settled and reported, and a change that came too early is given back at once", async () => {
    const { consumer, store, events } = start();
    const answers = new Map<unknown, ChangeOutcome>([
      [editOfOne, { kind: "orphan", reason: "its message doesn't exist" }],
      [editOfTwo, { kind: "notYet" }],
      [editOfThree, { kind: "failed", reason: "too large" }],
    ]);
    store.onChange = (changes) => changes.map((change) => answers.get(change) ?? { kind: "stored" });
    consumer.deliver(delivered(editOfOne), delivered(editOfTwo, 9), delivered(editOfThree));
    await until(() => consumer.settled.length === 3);
    expect(consumer.outcomeOf(editOfOne)).toEqual({ kind: "orphan" });
    expect(consumer.outcomeOf(editOfTwo)).toEqual({
      kind: "failed",
      reason: "its message isn't stored yet",
    });
    expect(consumer.outcomeOf(editOfThree)).toEqual({ kind: "failed", reason: "too large" });
    const [orphan, early, failed] = [editOfOne, editOfTwo, editOfThree].map(({ change: id }) => id);
    expect(events).toEqual(
      expect.arrayContaining([
        { type: "orphan", id: orphan, message: one.id, reason: "its message doesn't exist" },
        { type: "change-early", id: early, message: two.id, deliveries: 9 },
        { type: "failed", id: failed, deliveries: 1, reason: "too large" },
      ]),
    );
    expect(JSON.stringify(events)).not.toContain(editOfOne.kind === "edit" && editOfOne.content);
  });

  it("L28: a row of orphans is settled at once, although each holds back the watermark of the next", async () => {
    const { consumer, store } = start();
    const changes = [editOfOne, editOfTwo, editOfThree];
    consumer.onWatermark = async () => changes[consumer.settled.length]?.id ?? ORIGIN;
    store.onChange = (batch) => {
      const watermark = store.changes.at(-1)?.watermark ?? ORIGIN;
      return batch.map(({ id }) =>
        id <= watermark ? { kind: "orphan", reason: "its message doesn't exist" } : { kind: "notYet" },
      );
    };
    consumer.deliver(...changes.map((change) => delivered(change)));
    await until(() => consumer.settled.length === 3);
    expect(consumer.settled.map(({ outcome }) => outcome.kind)).toEqual(["orphan", "orphan", "orphan"]);
    // Without an orphan nothing is repeated.
    consumer.onWatermark = async () => ORIGIN;
    const calls = store.changes.length;
    consumer.deliver(...changes.map((change) => delivered(change)));
    await until(() => consumer.settled.length === 6);
    expect(store.changes).toHaveLength(calls + 1);
  });

  it("L28: the watermark is read before each attempt, and only if there are changes", async () => {
    const { consumer, store } = start();
    let reads = 0;
    consumer.onWatermark = async () => {
      reads += 1;
      return message(reads).id;
    };
    let outages = 2;
    store.onChange = (changes) => {
      outages -= 1;
      if (outages >= 0) throw unavailable();
      return changes.map(() => ({ kind: "stored" }));
    };
    consumer.deliver(delivered(one));
    await until(() => consumer.settled.length === 1);
    expect(reads).toBe(0);
    consumer.deliver(delivered(editOfOne));
    await until(() => consumer.settled.length === 2);
    expect(store.changes.map(({ watermark }) => watermark)).toEqual([one.id, two.id, three.id]);
  });

  it("L28: while the watermark can't be read, it counts as the log's beginning, so nothing is an orphan", async () => {
    const { consumer, store, events } = start();
    consumer.onWatermark = () => Promise.reject(unavailable());
    consumer.deliver(delivered(editOfOne));
    await until(() => consumer.settled.length === 1);
    expect(store.changes.map(({ watermark }) => watermark)).toEqual([ORIGIN]);
    expect(events).toContainEqual(expect.objectContaining({ type: "log-failed", doing: "watermark" }));
  });

  it("F25: during an outage they are repeated for ever, without those that another persister took over", async () => {
    const { consumer, store, persister } = start();
    let isDown = true;
    store.onChange = (changes) => {
      if (isDown) throw unavailable();
      return changes.map(() => ({ kind: "stored" }));
    };
    consumer.deliver(delivered(editOfOne), delivered(editOfTwo));
    consumer.deliver(delivered(three));
    await until(() => store.changes.length > 5);
    expect(store.inserts).toEqual([]);
    expect(persister.problems()).toEqual([expect.stringContaining("the store does not answer")]);
    consumer.taken.add(editOfOne.change);
    await until(() => store.changes.at(-1)?.changes[0] === editOfTwo);
    isDown = false;
    await until(() => consumer.settled.length === 2);
    expect(consumer.outcomeOf(editOfOne)).toBeUndefined();
    expect(consumer.outcomeOf(editOfTwo)).toEqual({ kind: "stored" });
  });

  it("L10: of a group that the store refuses, only the bad change fails", async () => {
    const { consumer, store } = start();
    store.onChange = (changes) => {
      if (changes.includes(editOfTwo)) throw new RangeError("bad change");
      return changes.map(() => ({ kind: "stored" }));
    };
    consumer.deliver(delivered(editOfOne), delivered(editOfTwo), delivered(editOfThree));
    await until(() => consumer.settled.length === 3);
    const outcomes = [editOfOne, editOfTwo, editOfThree].map((change) => consumer.outcomeOf(change)?.kind);
    expect(outcomes).toEqual(["stored", "failed", "stored"]);
  });
});
