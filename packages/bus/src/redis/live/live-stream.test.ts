import { formatId } from "@parley/models";
import { beforeEach, describe, expect, it } from "vitest";
import { LiveStream, type ServerHead } from "./live-stream.ts";

const id = (seq: number) => formatId({ ms: 1, seq });
const message = (seq: number) => ({ id: id(seq), body: `body ${seq}` });
const headAt = (end: number, more: Partial<ServerHead> = {}): ServerHead => ({
  epoch: "a",
  promotion: "first",
  trimmed: id(0),
  end: id(end),
  ...more,
});

let output: string[];
let stream: LiveStream;

/** Returns the output since the last call: `audience:sequence`, or `gap reason sequence`. */
const takeOutput = () => output.splice(0);
const seqOf = (text: string) => Number(text.slice(14, 24));
const receive = (audience: string, seq: number, epoch?: string) =>
  stream.receive({ audience, message: message(seq), epoch });

beforeEach(() => {
  output = [];
  stream = new LiveStream(
    {
      message: (audience, { id }) => output.push(`${audience}:${seqOf(id)}`),
      gap: (cursor, reason) => output.push(`gap ${reason} ${seqOf(cursor)}`),
    },
    { maxMessages: 3, maxLength: 100 },
  );
});

function goLive(end: number) {
  stream.connected();
  stream.beginRepair(headAt(end));
  stream.finishRepair(id(end));
}

describe("the first connection", () => {
  it("L14: messages received before the log's end is read wait, and those up to that end are dropped", () => {
    stream.connected();
    receive("", 4);
    receive("", 5);
    receive("", 6);
    expect(stream.beginRepair(headAt(5))).toBe("first");
    expect(takeOutput()).toEqual([]);
    expect([stream.finishRepair(id(5)), stream.isLive]).toEqual([true, true]);
    expect(takeOutput()).toEqual([":6"]);
    receive("", 7);
    expect(takeOutput()).toEqual([":7"]);
  });

  it("L14: messages up to the end that arrive after the repair are dropped and cause no gap", () => {
    goLive(5);
    for (const seq of [3, 4, 5, 6]) receive("", seq);
    expect(takeOutput()).toEqual([":6"]);
  });
});

describe("repair", () => {
  it("L14: the hole is filled from the log, then come the messages received meanwhile, in order and once", () => {
    goLive(5);
    receive("", 6);
    stream.receiveMarker({ epoch: "a", end: id(6) });
    stream.disconnected();
    receive("", 7);
    stream.connected();
    receive("", 9);
    receive("", 10);
    expect(takeOutput()).toEqual([":6"]);
    expect(stream.beginRepair(headAt(9))).toBe("hole");
    expect(stream.completeUpTo).toBe(id(6));
    const messages = [7, 8, 9].map((seq) => ({ audience: "", message: message(seq) }));
    stream.fill(messages.slice(0, 2), id(8));
    stream.fill(messages.slice(2), id(9));
    stream.finishRepair(id(9));
    expect(takeOutput()).toEqual([":7", ":8", ":9", ":10"]);
  });

  it("L14: the repair begins before the last private message, whose second copy may be missing", () => {
    goLive(5);
    receive("alice", 6);
    receive("bob", 6);
    receive("alice", 7);
    stream.disconnected();
    stream.connected();
    expect(stream.beginRepair(headAt(7))).toBe("hole");
    expect(stream.completeUpTo).toBe(id(6));
  });

  it("L15: a marker moves completeUpTo, so the repair of a quiet gateway is short", () => {
    goLive(5);
    stream.receiveMarker({ epoch: "a", end: id(900) });
    stream.disconnected();
    stream.connected();
    expect(stream.beginRepair(headAt(901, { trimmed: id(900) }))).toBe("hole");
    expect(stream.completeUpTo).toBe(id(900));
    expect(takeOutput()).toEqual([]);
  });

  it("L14: after a second interruption the repair continues where the first one stopped", () => {
    goLive(5);
    stream.disconnected();
    stream.connected();
    stream.beginRepair(headAt(9));
    stream.fill([{ audience: "", message: message(6) }], id(7));
    stream.disconnected();
    stream.connected();
    expect([stream.beginRepair(headAt(9)), stream.completeUpTo]).toEqual(["hole", id(7)]);
  });

  it("G5: messages that overflow the buffer are discarded and read from the log instead", () => {
    goLive(5);
    stream.disconnected();
    stream.connected();
    stream.beginRepair(headAt(5));
    for (const seq of [6, 7, 8, 9]) receive("", seq);
    expect([stream.finishRepair(id(5)), stream.isLive]).toEqual([false, false]);
    receive("", 10);
    expect(stream.beginRepair(headAt(9))).toBe("hole");
    stream.fill(
      [6, 7, 8, 9].map((seq) => ({ audience: "", message: message(seq) })),
      id(9),
    );
    expect(stream.finishRepair(id(9))).toBe(true);
    expect(takeOutput()).toEqual([":6", ":7", ":8", ":9", ":10"]);
  });

  it("G5: the buffer's length is bounded too", () => {
    stream.connected();
    stream.beginRepair(headAt(5));
    stream.receive({ audience: "", message: { id: id(6), body: "x".repeat(101) } });
    expect(stream.finishRepair(id(5))).toBe(false);
  });
});

describe("messages that name their log", () => {
  it("L25: those of another log are never passed on, and the gap's cursor covers those of the new log", () => {
    goLive(5);
    receive("", 6, "a");
    receive("", 7, "b");
    receive("", 8, "b");
    expect(takeOutput()).toEqual([":6"]);
    stream.receiveMarker({ epoch: "b", end: id(8) });
    expect(takeOutput()).toEqual(["gap replaced 8"]);
    receive("", 9, "a");
    receive("", 10, "b");
    expect(takeOutput()).toEqual([":10"]);
  });

  it("L25: those that wait for a repair are passed on only if they are of the log that was repaired", () => {
    goLive(5);
    stream.disconnected();
    stream.connected();
    receive("", 6, "a");
    receive("", 7, "b");
    expect(stream.beginRepair(headAt(5, { epoch: "b" }))).toBe("gap");
    stream.finishRepair(id(5));
    expect(takeOutput()).toEqual(["gap replaced 5", ":7"]);
  });

  it("L25: one that names no log is passed on, because an earlier version published it", () => {
    goLive(5);
    receive("", 6);
    expect(takeOutput()).toEqual([":6"]);
  });
});

describe("a hole that cannot be filled", () => {
  beforeEach(() => {
    goLive(5);
    receive("", 6);
    stream.receiveMarker({ epoch: "a", end: id(6) });
    takeOutput();
  });
  const reconnect = (head: ServerHead) => {
    stream.disconnected();
    stream.connected();
    return stream.beginRepair(head);
  };

  it("L18: it is a gap if a missing message was trimmed", () => {
    const before = stream.cursorGeneration;
    expect(reconnect(headAt(20, { trimmed: id(7) }))).toBe("gap");
    stream.finishRepair(id(20));
    receive("", 20);
    receive("", 21);
    expect(takeOutput()).toEqual(["gap trimmed 20", ":21"]);
    expect(stream.cursorGeneration).not.toBe(before);
  });

  it("L9: it is no gap after a restart, which names no failover", () => {
    expect(reconnect(headAt(20, { promotion: "" }))).toBe("hole");
    expect(reconnect(headAt(20))).toBe("hole");
  });

  it("L18: it is no gap if no missing message was trimmed", () => {
    expect(reconnect(headAt(20, { trimmed: id(6) }))).toBe("hole");
  });

  it.each([
    ["L3: another epoch", headAt(20, { epoch: "b" }), "gap replaced 20"],
    ["L3: an end before the last message received", headAt(5), "gap replaced 5"],
    ["L9: a failover", headAt(20, { promotion: "other" }), "gap replaced 20"],
  ])("%s means that the log was replaced", (_, head, gap) => {
    expect(reconnect(head)).toBe("gap");
    stream.finishRepair(head.end);
    expect(takeOutput()).toEqual([gap]);
    receive("", 21);
    expect(takeOutput()).toEqual([":21"]);
  });

  it.each([
    ["another epoch", { epoch: "b", end: id(30) }, "gap replaced 30"],
    ["an end that went back", { epoch: "a", end: id(2) }, "gap replaced 2"],
  ])("L3: %s is noticed under a live connection, by its marker", (_, marker, gap) => {
    const before = stream.cursorGeneration;
    stream.receiveMarker(marker);
    expect(takeOutput()).toEqual([gap]);
    expect(stream.cursorGeneration).not.toBe(before);
    receive("", 31);
    expect(takeOutput()).toEqual([":31"]);
  });

  it("L16: after the log went back, nothing is delivered out of order before the marker", () => {
    receive("", 9);
    receive("", 7);
    expect(takeOutput()).toEqual([":9"]);
    stream.receiveMarker({ epoch: "b", end: id(3) });
    receive("", 4);
    expect(takeOutput()).toEqual(["gap replaced 3", ":4"]);
  });
});
