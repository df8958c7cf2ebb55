import { formatId } from "@parley/models";
import { beforeEach, describe, expect, it } from "vitest";
import { type Found, LiveStream } from "./live-stream.ts";

const id = (seq: number) => formatId({ ms: 1, seq });
const message = (seq: number) => ({ id: id(seq), body: `body ${seq}` });
const found = (end: number, more: Partial<Found> = {}): Found => ({
  epoch: "a",
  promotion: "first",
  trimmed: id(0),
  end: id(end),
  ...more,
});

let told: string[];
let stream: LiveStream;

/** What was told since the last look: `audience:sequence`, or `gap reason sequence`. */
const look = () => told.splice(0);
const seqOf = (text: string) => Number(text.slice(14, 24));
const hear = (audience: string, seq: number) => stream.hear(audience, message(seq));

beforeEach(() => {
  told = [];
  stream = new LiveStream(
    {
      message: (audience, { id }) => told.push(`${audience}:${seqOf(id)}`),
      gap: (cursor, reason) => told.push(`gap ${reason} ${seqOf(cursor)}`),
    },
    { maxMessages: 3, maxLength: 100 },
  );
});

function whole(end: number) {
  stream.connected();
  stream.begin(found(end));
  stream.finish(id(end));
}

describe("the first connection", () => {
  it("L14: what is heard before the log's end was read waits, and what that end covers is dropped", () => {
    stream.connected();
    hear("", 4);
    hear("", 5);
    hear("", 6);
    expect(stream.begin(found(5))).toBe("fresh");
    expect(look()).toEqual([]);
    expect([stream.finish(id(5)), stream.isWhole]).toEqual([true, true]);
    expect(look()).toEqual([":6"]);
    hear("", 7);
    expect(look()).toEqual([":7"]);
  });

  it("L14: a subscriber that lags behind the reading of the end is no sign of anything", () => {
    whole(5);
    for (const seq of [3, 4, 5, 6]) hear("", seq);
    expect(look()).toEqual([":6"]);
  });
});

describe("repair", () => {
  it("L14: the hole is told from the log, then what was heard meanwhile, in order and once", () => {
    whole(5);
    hear("", 6);
    stream.marker({ epoch: "a", end: id(6) });
    stream.lost();
    hear("", 7);
    stream.connected();
    hear("", 9);
    hear("", 10);
    expect(look()).toEqual([":6"]);
    expect(stream.begin(found(9))).toBe("hole");
    expect(stream.heardUpTo).toBe(id(6));
    const messages = [7, 8, 9].map((seq) => ({ audience: "", message: message(seq) }));
    stream.fill(messages.slice(0, 2), id(8));
    stream.fill(messages.slice(2), id(9));
    stream.finish(id(9));
    expect(look()).toEqual([":7", ":8", ":9", ":10"]);
  });

  it("L14: a connection may end between the two copies of a private message: the repair begins before it", () => {
    whole(5);
    hear("alice", 6);
    hear("bob", 6);
    hear("alice", 7);
    stream.lost();
    stream.connected();
    expect(stream.begin(found(7))).toBe("hole");
    expect(stream.heardUpTo).toBe(id(6));
  });

  it("L15: a marker moves how far the stream is whole, so a quiet gateway repairs from now", () => {
    whole(5);
    stream.marker({ epoch: "a", end: id(900) });
    stream.lost();
    stream.connected();
    expect(stream.begin(found(901, { trimmed: id(900) }))).toBe("hole");
    expect(stream.heardUpTo).toBe(id(900));
    expect(look()).toEqual([]);
  });

  it("L14: a second interruption goes on where the first repair came to", () => {
    whole(5);
    stream.lost();
    stream.connected();
    stream.begin(found(9));
    stream.fill([{ audience: "", message: message(6) }], id(7));
    stream.lost();
    stream.connected();
    expect([stream.begin(found(9)), stream.heardUpTo]).toEqual(["hole", id(7)]);
  });

  it("G5: more than the buffer takes is let go of, and read from the log instead", () => {
    whole(5);
    stream.lost();
    stream.connected();
    stream.begin(found(5));
    for (const seq of [6, 7, 8, 9]) hear("", seq);
    expect([stream.finish(id(5)), stream.isWhole]).toEqual([false, false]);
    hear("", 10);
    expect(stream.begin(found(9))).toBe("hole");
    stream.fill(
      [6, 7, 8, 9].map((seq) => ({ audience: "", message: message(seq) })),
      id(9),
    );
    expect(stream.finish(id(9))).toBe(true);
    expect(look()).toEqual([":6", ":7", ":8", ":9", ":10"]);
  });

  it("G5: the buffer is bounded in bytes too", () => {
    stream.connected();
    stream.begin(found(5));
    stream.hear("", { id: id(6), body: "x".repeat(101) });
    expect(stream.finish(id(5))).toBe(false);
  });
});

describe("a hole that cannot be filled", () => {
  beforeEach(() => {
    whole(5);
    hear("", 6);
    stream.marker({ epoch: "a", end: id(6) });
    look();
  });
  const reconnect = (head: Found) => {
    stream.lost();
    stream.connected();
    return stream.begin(head);
  };

  it("L18: what is missing was trimmed", () => {
    const before = stream.vouched;
    expect(reconnect(found(20, { trimmed: id(7) }))).toBe("gap");
    stream.finish(id(20));
    hear("", 20);
    hear("", 21);
    expect(look()).toEqual(["gap trimmed 20", ":21"]);
    expect(stream.vouched).not.toBe(before);
  });

  it("L9: a restart, after which no failover is named, loses nothing", () => {
    expect(reconnect(found(20, { promotion: "" }))).toBe("hole");
    expect(reconnect(found(20))).toBe("hole");
  });

  it("L18: nothing that was trimmed is missing", () => {
    expect(reconnect(found(20, { trimmed: id(6) }))).toBe("hole");
  });

  it.each([
    ["L3: another epoch", found(20, { epoch: "b" }), "gap replaced 20"],
    ["L3: an end before what was heard", found(5), "gap replaced 5"],
    ["L9: a failover", found(20, { promotion: "other" }), "gap replaced 20"],
  ])("%s means that the log was replaced", (_, head, gap) => {
    expect(reconnect(head)).toBe("gap");
    stream.finish(head.end);
    expect(look()).toEqual([gap]);
    hear("", 21);
    expect(look()).toEqual([":21"]);
  });

  it.each([
    ["another epoch", { epoch: "b", end: id(30) }, "gap replaced 30"],
    ["an end that went back", { epoch: "a", end: id(2) }, "gap replaced 2"],
  ])("L3: %s is noticed under a live connection, by its marker", (_, marker, gap) => {
    const before = stream.vouched;
    stream.marker(marker);
    expect(look()).toEqual([gap]);
    expect(stream.vouched).not.toBe(before);
    hear("", 31);
    expect(look()).toEqual([":31"]);
  });

  it("L16: after the log went back nothing is told out of order until the marker", () => {
    hear("", 9);
    hear("", 7);
    expect(look()).toEqual([":9"]);
    stream.marker({ epoch: "b", end: id(3) });
    hear("", 4);
    expect(look()).toEqual(["gap replaced 3", ":4"]);
  });
});
