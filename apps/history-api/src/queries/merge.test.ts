import { contentDigest, type LogMessage } from "@parley/models";
import { describe, expect, it } from "vitest";
import { TailRefs } from "../log-tail/tail-refs.ts";
import { idAt, message } from "../test/scripted-tail.ts";
import { Merge } from "./merge.ts";

const LATEST = idAt(99);

function refsOf(tail: readonly LogMessage[]) {
  const refs = new TailRefs();
  for (const each of tail) refs.add(each);
  return refs;
}

function merged(
  stored: readonly LogMessage[],
  pending: readonly LogMessage[],
  holders: readonly LogMessage[] = [],
  position = LATEST,
): number[] {
  const merge = new Merge(position, refsOf(pending));
  return merge.merge(stored, pending, holders).map(({ id }) => Number(id.split("-")[1]));
}

/** A message that will be stored without its ref (L13). */
function withoutRef({ ref: _, ...message }: LogMessage): LogMessage {
  return message;
}

describe("merging stored and pending messages", () => {
  it("L19: merges by id, because 12 may be stored while 11 is still pending", () => {
    expect(merged([message(10), message(12)], [message(11), message(13)])).toEqual([10, 11, 12, 13]);
  });

  it("L19: equal ids are one message", () => {
    const both = [message(1), message(2), message(3)];
    expect(merged(both, both)).toEqual([1, 2, 3]);
    expect(merged(both, [message(2), message(4)])).toEqual([1, 2, 3, 4]);
  });

  it("L19: either side may be empty", () => {
    expect(merged([], [])).toEqual([]);
    expect(merged([message(1)], [])).toEqual([1]);
    expect(merged([], [message(1)])).toEqual([1]);
  });

  it("G2: a pending message is left out if the same ref and content is stored, before or after it", () => {
    const content = "once";
    const earlier = message(1, { ref: "r", content });
    const later = message(9, { ref: "r", content });
    const pending = message(5, { ref: "r", content });
    expect(merged([earlier], [pending], [earlier])).toEqual([1]);
    expect(merged([later], [pending], [later])).toEqual([9]);
    expect(merged([], [pending], [earlier])).toEqual([]);
  });

  it("L29: an edited message counts with the content that was first stored, for a ref and in a later part", () => {
    const edited = {
      ...message(9, { ref: "r", content: "edited" }),
      digest: contentDigest({ content: "first" }),
    };
    const again = message(5, { ref: "r", content: "first" });
    const another = message(5, { ref: "r", content: "edited" });
    expect(merged([edited], [again], [edited])).toEqual([9]);
    expect(merged([edited], [another], [edited])).toEqual([5, 9]);
    for (const [pending, laterPart] of [
      [again, []],
      [another, [edited]],
    ] as const) {
      const merge = new Merge(LATEST, refsOf([pending]));
      expect(merge.merge([], [pending], [])).toEqual([pending]);
      expect(merge.merge([edited], [], [])).toEqual(laterPart);
    }
  });

  it("L29: a changed message is the same as its redelivery from the tail, whose meta counts", () => {
    const pending = message(5, { ref: "r", content: "first", meta: '{"a":1}' });
    const { content: _, meta: __, ...rest } = pending;
    const changed = [
      { ...rest, content: "edited", change: idAt(7) },
      { ...rest, content: "", change: idAt(7), deleted: true as const },
    ];
    for (const today of changed) {
      const stored = { ...today, digest: contentDigest(pending) };
      const again = { ...pending, id: idAt(6) };
      const { meta: ___, ...withoutMeta } = again;
      const merge = (tail: LogMessage) => new Merge(LATEST, refsOf([tail])).merge([stored], [tail], [stored]);
      expect(merge(pending)).toEqual([stored]);
      expect(merge(again)).toEqual([{ ...stored, also: again.id }]);
      expect(merge(withoutMeta)).toEqual([stored, withoutRef(withoutMeta)]);
    }
  });

  it("P58: a message names the last one of the tail that repeats it, up to the position, or its stored alias", () => {
    const content = "once";
    const first = message(1, { ref: "r", content });
    const again = [message(5, { ref: "r", content }), message(6, { ref: "r", content })];
    const named = (also: number) => [{ ...first, also: idAt(also) }];
    const merge = (tail: LogMessage[], position = LATEST) => new Merge(position, refsOf(tail));
    expect(merge(again).merge([first], again, [first])).toEqual(named(6));
    expect(merge(again).merge([first], [], [])).toEqual(named(6));
    expect(merge([first, ...again]).merge([], [first, ...again], [])).toEqual(named(6));
    expect(merge(again, idAt(5)).merge([first], [], [])).toEqual([first]);
    expect(merge(again).merge(named(9), [], [])).toEqual(named(9));
    expect(merge([message(5, { ref: "r" })]).merge([first], [], [])).toEqual([first]);
  });

  it("L13, P58: messages that will lose their ref are no repetitions of each other", () => {
    const stored = message(1, { ref: "r", content: "first" });
    const tail = [5, 6].map((seq) => message(seq, { ref: "r", content: "second" }));
    const merge = new Merge(LATEST, refsOf(tail));
    expect(merge.merge([stored], tail, [stored])).toEqual([stored, ...tail.map(withoutRef)]);
    expect(merge.merge([], tail.slice(0, 1), [stored])).toEqual(tail.slice(0, 1).map(withoutRef));
  });

  it("L13: a pending message is shown if its ref is stored with another content", () => {
    const stored = message(1, { ref: "r", content: "first" });
    const pending = message(5, { ref: "r", content: "second" });
    expect(merged([stored], [pending], [stored])).toEqual([1, 5]);
  });

  it("G2: a pending message is left out if its ref and content come earlier in the tail", () => {
    const content = "once";
    const tail = [message(4, { ref: "r", content }), message(5, { ref: "r", content })];
    expect(merged([], tail)).toEqual([4]);
    expect(merged([], [message(4, { ref: "r" }), message(5, { ref: "r" })])).toEqual([4, 5]);
  });

  it("G2: also if the earlier message isn't in this part of the answer", () => {
    const content = "once";
    const earlier = message(1, { ref: "r", content });
    const merge = new Merge(LATEST, refsOf([earlier]));
    expect(merge.merge([], [message(5, { ref: "r", content })], [])).toEqual([]);
  });

  it("G1: a pending message that has been stored meanwhile is shown once, under its own id", () => {
    const pending = message(5, { ref: "r" });
    expect(merged([], [pending], [pending])).toEqual([5]);
  });

  it("P56: no message is left out in favour of a duplicate after the answer's position", () => {
    const content = "once";
    const pending = message(5, { ref: "r", content });
    const beyond = message(9, { ref: "r", content });
    expect(merged([], [pending], [beyond], idAt(8))).toEqual([5]);
  });

  it("G2: a message shown as pending in one part isn't shown again, under another id, in the next part", () => {
    const content = "once";
    const pending = message(5, { ref: "r", content });
    const merge = new Merge(LATEST, refsOf([pending]));
    expect(merge.merge([], [pending], [])).toEqual([pending]);
    expect(merge.merge([message(9, { ref: "r", content })], [], [])).toEqual([]);
  });

  it("looks up only pending messages that have a ref and weren't found in the store", () => {
    const withRef = message(2, { ref: "r" });
    const merge = new Merge(LATEST, refsOf([]));
    expect(merge.unresolved([withRef], [message(1), withRef, message(3, { ref: "s" })])).toEqual([
      message(3, { ref: "s" }),
    ]);
  });
});
