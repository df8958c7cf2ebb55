import { ORIGIN } from "@parley/models";
import { describe, expect, it } from "vitest";
import { selectRange } from "../queries/range.ts";
import { edit, idAt, message } from "../test/scripted-tail.ts";
import { type ChangeView, type MessageView, RecentMessages } from "./recent-messages.ts";

function seqs({ entries, length }: MessageView): number[] {
  return entries.slice(0, length).map(({ id }) => Number(id.split("-")[1]));
}

const KEY = "alice:bob\nalice\nr";

describe("recent messages", () => {
  it("are in log order, and indexed by conversation", () => {
    const recent = new RecentMessages(ORIGIN);
    recent.add([message(1), message(2, { to: "" }), message(3, { from: "bob", to: "alice" })]);
    expect(seqs(recent.viewMessages())).toEqual([1, 2, 3]);
    expect(seqs(recent.viewMessages("alice:bob"))).toEqual([1, 3]);
    expect(seqs(recent.viewMessages("public"))).toEqual([2]);
    expect(seqs(recent.viewMessages("bob:carol"))).toEqual([]);
  });

  it("a view doesn't change when messages are added or dropped", () => {
    const recent = new RecentMessages(ORIGIN);
    recent.add([message(1), message(2)]);
    const views = [recent.viewMessages(), recent.viewMessages("alice:bob")];
    recent.add([message(3)]);
    recent.dropUpTo(idAt(1));
    for (const view of views) expect(seqs(view)).toEqual([1, 2]);
    expect(seqs(recent.viewMessages())).toEqual([2, 3]);
    expect(seqs(recent.viewMessages("alice:bob"))).toEqual([2, 3]);
  });

  it("L28: changes are kept beside the messages, in log order, and dropped with them", () => {
    const recent = new RecentMessages(ORIGIN);
    recent.add([message(1), edit(2, message(1)), message(3)]);
    const view = recent.viewChanges();
    recent.add([edit(4, message(3)), edit(5, message(1))]);
    const positions = ({ entries, length }: ChangeView) =>
      entries.slice(0, length).map(({ change }) => change);
    expect(positions(recent.viewChanges())).toEqual([2, 4, 5].map(idAt));
    expect(seqs(recent.viewMessages())).toEqual([1, 3]);
    expect(recent.entries).toBe(5);
    recent.dropUpTo(idAt(4));
    expect([positions(view), positions(recent.viewChanges())]).toEqual([[idAt(2)], [idAt(5)]]);
    expect(recent.since).toBe(idAt(4));
    recent.dropUpTo(idAt(5));
    expect([recent.bytes, recent.entries]).toEqual([0, 0]);
  });

  it("G2: finds the first message with a ref until it is dropped", () => {
    const recent = new RecentMessages(ORIGIN);
    recent.add([message(1, { ref: "r" }), message(2, { ref: "r" })]);
    expect(recent.refs.first(KEY)?.id).toBe(idAt(1));
    recent.dropUpTo(idAt(1));
    expect(recent.refs.first(KEY)).toBeUndefined();
  });

  it("G5: frees everything when all messages are dropped", () => {
    const recent = new RecentMessages(ORIGIN);
    recent.add([message(1, { ref: "r" }), message(2, { to: "" })]);
    expect(recent.bytes).toBeGreaterThan(0);
    recent.dropUpTo(idAt(9));
    expect([recent.bytes, recent.entries]).toEqual([0, 0]);
    expect(seqs(recent.viewMessages("alice:bob"))).toEqual([]);
  });
});

describe("selecting from a view", () => {
  const recent = new RecentMessages(ORIGIN);
  recent.add([1, 2, 3, 4, 5].map((seq) => message(seq)));
  const wanted = { after: undefined, before: idAt(99), limit: 99, newest: false };
  const selected = (changes: Partial<Parameters<typeof selectRange>[1]>, isPermitted = () => true) =>
    selectRange(recent.viewMessages(), { ...wanted, ...changes }, isPermitted).map(({ id }) =>
      Number(id.split("-")[1]),
    );

  it.each([
    [{}, [1, 2, 3, 4, 5]],
    [{ after: idAt(2) }, [3, 4, 5]],
    [{ before: idAt(4) }, [1, 2, 3]],
    [{ after: idAt(1), before: idAt(5), limit: 2 }, [2, 3]],
    [{ after: idAt(1), before: idAt(5), limit: 2, newest: true }, [3, 4]],
    [{ after: idAt(5) }, []],
    [{ before: idAt(1) }, []],
    [{ after: idAt(4), before: idAt(2) }, []],
  ])("P51: both ends are exclusive, and the limit counts from one of them: %o", (changes, expected) => {
    expect(selected(changes)).toEqual(expected);
  });

  it("P53: the limit counts permitted messages only", () => {
    let odd = false;
    const everySecond = () => {
      odd = !odd;
      return odd;
    };
    expect(selected({ limit: 2 }, everySecond)).toEqual([1, 3]);
  });
});
