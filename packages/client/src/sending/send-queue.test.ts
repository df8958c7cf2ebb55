import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Sends } from "./send-queue.ts";

const limits = { deadlineMs: 10_000, maxPending: 5, retry: { baseMs: 100, maxMs: 1_000 } };
const receipt = { id: "1", timestamp: "2026-01-01T00:00:00.000Z" };

let wire: { to: string; content: string; ref: string }[];
let sends: Sends;

beforeEach(() => {
  vi.useFakeTimers();
  // A jitter that is never nothing at all.
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  wire = [];
  sends = new Sends(limits, (frame) => wire.push(JSON.parse(frame)));
});
afterEach(() => {
  sends.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Keeps a rejection from being unhandled until the test looks at it. */
const outcome = (sent: Promise<unknown>) =>
  sent.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
const contents = () => wire.map(({ content }) => content);
const refOf = (content: string) => wire.find((frame) => frame.content === content)?.ref ?? "";
function reconnect(): void {
  sends.disconnected();
  sends.connected();
}
const unavailable = { type: "error", code: "unavailable", message: "", temporary: true } as const;

describe("sends", () => {
  it("P10: resolves with the ack's id and timestamp", async () => {
    sends.connected();
    const sent = sends.send("bob", "one");
    sends.onAck(refOf("one"), receipt);
    expect(await sent).toEqual(receipt);
    expect(sends.size).toBe(0);
  });

  it("G2: over a lost connection the same ref goes again", async () => {
    sends.connected();
    const sent = sends.send("bob", "one");
    sends.disconnected();
    sends.connected();
    expect(wire).toHaveLength(2);
    expect(wire[0]).toEqual(wire[1]);
    sends.onAck(refOf("one"), receipt);
    expect(await sent).toEqual(receipt);
  });

  it("G2: onLeave is told once, when the message first leaves and not before", async () => {
    const onLeave = vi.fn(() => expect(wire).toEqual([]));
    const sent = outcome(sends.send("bob", "one", { onLeave }));
    expect(onLeave).not.toHaveBeenCalled();
    sends.connected();
    sends.disconnected();
    sends.connected();
    expect(onLeave).toHaveBeenCalledTimes(1);
    sends.close();
    await sent;
  });

  it("order within a conversation holds: a later one waits for an earlier one that is tried again", async () => {
    sends.connected();
    const settled = [
      outcome(sends.send("bob", "one")),
      outcome(sends.send("bob", "two")),
      outcome(sends.send("", "other")),
    ];
    expect(contents()).toEqual(["one", "other"]);
    sends.onError({ ...unavailable, ref: refOf("one") });
    expect(contents()).toEqual(["one", "other"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(contents()).toEqual(["one", "other", "one"]);
    sends.onAck(refOf("one"), receipt);
    expect(contents()).toEqual(["one", "other", "one", "two"]);
    sends.close();
    await Promise.all(settled);
  });

  it("G4: the server's retryAfterMs is waited for", async () => {
    sends.connected();
    const sent = outcome(sends.send("bob", "one"));
    sends.onError({ ...unavailable, code: "rate_limited", retryAfterMs: 5_000, ref: refOf("one") });
    await vi.advanceTimersByTimeAsync(4_900);
    expect(wire).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(wire).toHaveLength(2);
    sends.close();
    await sent;
  });

  it("G4: a permanent error rejects with the server's code, and the next one goes", async () => {
    sends.connected();
    const first = outcome(sends.send("bob", "one"));
    const second = outcome(sends.send("bob", "two"));
    sends.onError({
      type: "error",
      code: "content_too_long",
      message: "",
      temporary: false,
      ref: refOf("one"),
    });
    expect(await first).toMatchObject({ error: { code: "content_too_long", mayHaveGoneThrough: false } });
    expect(contents()).toEqual(["one", "two"]);
    sends.close();
    await second;
  });

  it("G2: past the deadline one that left has an unknown outcome, and one that never left was not sent", async () => {
    sends.connected();
    const left = outcome(sends.send("bob", "one"));
    const waiting = outcome(sends.send("bob", "two"));
    await vi.advanceTimersByTimeAsync(limits.deadlineMs);
    expect(await left).toMatchObject({ error: { code: "outcome_unknown", mayHaveGoneThrough: true } });
    expect(await waiting).toMatchObject({ error: { code: "not_sent", mayHaveGoneThrough: false } });
    expect(contents()).toEqual(["one"]);
    expect(sends.size).toBe(0);
  });

  it.each(["rate_limited", "backlog_full"])(
    "G4: one that the server refused with %s until the deadline was not sent, and may go again",
    async (code) => {
      sends.connected();
      const sent = outcome(sends.send("bob", "one"));
      const refuse = () => sends.onError({ ...unavailable, code, retryAfterMs: 9_000, ref: refOf("one") });
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
    ["the answer to an earlier try was lost", () => reconnect()],
    ["an earlier outcome was unknown", () => sends.onError({ ...unavailable, ref: refOf("one") })],
  ])("P31: refused at last, but %s: its outcome is unknown", async (_, before) => {
    sends.connected();
    const sent = outcome(sends.send("bob", "one"));
    before();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(wire).toHaveLength(2);
    sends.onError({ ...unavailable, code: "backlog_full", retryAfterMs: 9_000, ref: refOf("one") });
    await vi.advanceTimersByTimeAsync(limits.deadlineMs);
    expect(await sent).toMatchObject({ error: { code: "outcome_unknown", mayHaveGoneThrough: true } });
  });

  it("P31: a client that is closed says of each send whether it may be there", async () => {
    sends.connected();
    const [refused, lost] = [outcome(sends.send("bob", "one")), outcome(sends.send("", "two"))];
    sends.onError({ ...unavailable, code: "backlog_full", retryAfterMs: 9_000, ref: refOf("one") });
    sends.disconnected();
    sends.close();
    expect(await refused).toMatchObject({ error: { code: "closed", mayHaveGoneThrough: false } });
    expect(await lost).toMatchObject({ error: { code: "closed", mayHaveGoneThrough: true } });
  });

  it("G4: the patience that the server asked for outlives the connection", async () => {
    sends.connected();
    const sent = outcome(sends.send("bob", "one"));
    sends.onError({ ...unavailable, code: "rate_limited", retryAfterMs: 5_000, ref: refOf("one") });
    sends.disconnected();
    sends.connected();
    await vi.advanceTimersByTimeAsync(4_900);
    expect(wire).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(wire).toHaveLength(2);
    sends.close();
    await sent;
  });

  it("G5: what waits is bounded", async () => {
    const settled = Array.from({ length: limits.maxPending }, () => outcome(sends.send("bob", "x")));
    expect(await outcome(sends.send("bob", "more"))).toMatchObject({
      error: { code: "queue_full", temporary: true },
    });
    sends.close();
    await Promise.all(settled);
  });

  it("an aborted send rejects, and the next one goes", async () => {
    sends.connected();
    const controller = new AbortController();
    const first = outcome(sends.send("bob", "one", { signal: controller.signal }));
    const second = outcome(sends.send("bob", "two"));
    controller.abort();
    expect(await first).toMatchObject({ error: { code: "outcome_unknown" } });
    expect(contents()).toEqual(["one", "two"]);
    sends.close();
    expect(await second).toMatchObject({ error: { code: "closed", mayHaveGoneThrough: true } });
  });
});
