import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SendQueue } from "./send-queue.ts";

const limits = { deadlineMs: 10_000, maxPending: 5, backoff: { baseMs: 100, maxMs: 1_000 } };
const receipt = { id: "1", timestamp: "2026-01-01T00:00:00.000Z" };

let wire: { to: string; content: string; ref: string }[];
let queue: SendQueue;

beforeEach(() => {
  vi.useFakeTimers();
  // The jitter is never zero, so every backoff takes time.
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  wire = [];
  queue = new SendQueue(limits, (frame) => wire.push(JSON.parse(frame)));
});
afterEach(() => {
  queue.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Handles a rejection now, so that the test can check it later. */
const outcome = (sent: Promise<unknown>) =>
  sent.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
const contents = () => wire.map(({ content }) => content);
const refOf = (content: string) => wire.find((frame) => frame.content === content)?.ref ?? "";
function reconnect(): void {
  queue.disconnected();
  queue.connected();
}
const unavailable = { type: "error", code: "unavailable", message: "", temporary: true } as const;

describe("the send queue", () => {
  it("P10: resolves a send with the ack's id and timestamp", async () => {
    queue.connected();
    const sent = queue.send("bob", "one");
    queue.onAck(refOf("one"), receipt);
    expect(await sent).toEqual(receipt);
    expect(queue.size).toBe(0);
  });

  it("G2: sends the same ref again after a lost connection", async () => {
    queue.connected();
    const sent = queue.send("bob", "one");
    queue.disconnected();
    queue.connected();
    expect(wire).toHaveLength(2);
    expect(wire[0]).toEqual(wire[1]);
    queue.onAck(refOf("one"), receipt);
    expect(await sent).toEqual(receipt);
  });

  it("G2: calls onLeave once, right before the message is first transmitted", async () => {
    const onLeave = vi.fn(() => expect(wire).toEqual([]));
    const sent = outcome(queue.send("bob", "one", { onLeave }));
    expect(onLeave).not.toHaveBeenCalled();
    queue.connected();
    queue.disconnected();
    queue.connected();
    expect(onLeave).toHaveBeenCalledTimes(1);
    queue.close();
    await sent;
  });

  it("keeps the order within a conversation: a message waits for the one before it, which is retried", async () => {
    queue.connected();
    const settled = [
      outcome(queue.send("bob", "one")),
      outcome(queue.send("bob", "two")),
      outcome(queue.send("", "other")),
    ];
    expect(contents()).toEqual(["one", "other"]);
    queue.onError({ ...unavailable, ref: refOf("one") });
    expect(contents()).toEqual(["one", "other"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(contents()).toEqual(["one", "other", "one"]);
    queue.onAck(refOf("one"), receipt);
    expect(contents()).toEqual(["one", "other", "one", "two"]);
    queue.close();
    await Promise.all(settled);
  });

  it("G4: waits for the server's retryAfterMs", async () => {
    queue.connected();
    const sent = outcome(queue.send("bob", "one"));
    queue.onError({ ...unavailable, code: "rate_limited", retryAfterMs: 5_000, ref: refOf("one") });
    await vi.advanceTimersByTimeAsync(4_900);
    expect(wire).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(wire).toHaveLength(2);
    queue.close();
    await sent;
  });

  it("G4: rejects with the server's code after a permanent error, and sends the next message", async () => {
    queue.connected();
    const first = outcome(queue.send("bob", "one"));
    const second = outcome(queue.send("bob", "two"));
    queue.onError({
      type: "error",
      code: "content_too_long",
      message: "",
      temporary: false,
      ref: refOf("one"),
    });
    expect(await first).toMatchObject({ error: { code: "content_too_long", mayHaveGoneThrough: false } });
    expect(contents()).toEqual(["one", "two"]);
    queue.close();
    await second;
  });

  it("G2: at the deadline a message in flight has an unknown outcome, and one that never left was not sent", async () => {
    queue.connected();
    const left = outcome(queue.send("bob", "one"));
    const waiting = outcome(queue.send("bob", "two"));
    await vi.advanceTimersByTimeAsync(limits.deadlineMs);
    expect(await left).toMatchObject({ error: { code: "outcome_unknown", mayHaveGoneThrough: true } });
    expect(await waiting).toMatchObject({ error: { code: "not_sent", mayHaveGoneThrough: false } });
    expect(contents()).toEqual(["one"]);
    expect(queue.size).toBe(0);
  });

  it.each(["rate_limited", "backlog_full"])(
    "G4: a message that the server rejected with %s until the deadline was not sent, and may be sent again",
    async (code) => {
      queue.connected();
      const sent = outcome(queue.send("bob", "one"));
      const refuse = () => queue.onError({ ...unavailable, code, retryAfterMs: 9_000, ref: refOf("one") });
      refuse();
      await vi.advanceTimersByTimeAsync(9_500);
      expect(wire).toHaveLength(2);
      refuse();
      await vi.advanceTimersByTimeAsync(500);
      expect(await sent).toMatchObject({
        error: { code: "not_sent", temporary: true, mayHaveGoneThrough: false },
      });
    },
  );

  it.each<[string, () => void]>([
    ["the answer to an earlier attempt was lost", () => reconnect()],
    ["an earlier outcome was unknown", () => queue.onError({ ...unavailable, ref: refOf("one") })],
  ])("P31: after a rejection the outcome is still unknown if %s", async (_, before) => {
    queue.connected();
    const sent = outcome(queue.send("bob", "one"));
    before();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(wire).toHaveLength(2);
    queue.onError({ ...unavailable, code: "backlog_full", retryAfterMs: 9_000, ref: refOf("one") });
    await vi.advanceTimersByTimeAsync(limits.deadlineMs);
    expect(await sent).toMatchObject({ error: { code: "outcome_unknown", mayHaveGoneThrough: true } });
  });

  it("P31: closing reports for each send if it may have gone through", async () => {
    queue.connected();
    const [refused, lost] = [outcome(queue.send("bob", "one")), outcome(queue.send("", "two"))];
    queue.onError({ ...unavailable, code: "backlog_full", retryAfterMs: 9_000, ref: refOf("one") });
    queue.disconnected();
    queue.close();
    expect(await refused).toMatchObject({ error: { code: "closed", mayHaveGoneThrough: false } });
    expect(await lost).toMatchObject({ error: { code: "closed", mayHaveGoneThrough: true } });
  });

  it("G4: waits for retryAfterMs also after a reconnect", async () => {
    queue.connected();
    const sent = outcome(queue.send("bob", "one"));
    queue.onError({ ...unavailable, code: "rate_limited", retryAfterMs: 5_000, ref: refOf("one") });
    queue.disconnected();
    queue.connected();
    await vi.advanceTimersByTimeAsync(4_900);
    expect(wire).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(wire).toHaveLength(2);
    queue.close();
    await sent;
  });

  it("G5: the number of pending sends is bounded", async () => {
    const settled = Array.from({ length: limits.maxPending }, () => outcome(queue.send("bob", "x")));
    expect(await outcome(queue.send("bob", "more"))).toMatchObject({
      error: { code: "queue_full", temporary: true },
    });
    queue.close();
    await Promise.all(settled);
  });

  it("rejects an aborted send, and sends the next message", async () => {
    queue.connected();
    const controller = new AbortController();
    const first = outcome(queue.send("bob", "one", { signal: controller.signal }));
    const second = outcome(queue.send("bob", "two"));
    controller.abort();
    expect(await first).toMatchObject({ error: { code: "outcome_unknown" } });
    expect(contents()).toEqual(["one", "two"]);
    queue.close();
    expect(await second).toMatchObject({ error: { code: "closed", mayHaveGoneThrough: true } });
  });
});
