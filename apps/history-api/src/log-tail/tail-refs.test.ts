import { describe, expect, it } from "vitest";
import { message } from "../test/scripted-tail.ts";
import { TailRefs } from "./tail-refs.ts";

const [first, second, third] = [1, 2, 3].map((seq) => message(seq, { ref: "r" })) as [
  ReturnType<typeof message>,
  ReturnType<typeof message>,
  ReturnType<typeof message>,
];
const holder = message(9, { ref: "r" });

function refsOf(...messages: readonly ReturnType<typeof message>[]): TailRefs {
  const refs = new TailRefs();
  for (const each of messages) refs.add(each);
  return refs;
}

describe("what is known about a ref", () => {
  it("P56: nothing until the store has answered, then its answer, until the message is dropped", () => {
    for (const answer of [holder, undefined]) {
      const refs = refsOf(first);
      expect(refs.holderOf(first)).toBe("unknown");
      refs.remember(first, answer);
      expect(refs.holderOf(first)).toBe(answer);
      expect(refs.remembered).toBe(1);
      refs.drop(first);
      expect(refs.holderOf(first)).toBe("unknown");
      expect([refs.remembered, refs.bytes]).toEqual([0, 0]);
    }
  });

  it("G2: is forgotten when a second message with the ref comes, because that one may become the holder", () => {
    const refs = refsOf(first);
    refs.remember(first, undefined);
    refs.add(second);
    expect(refs.holderOf(first)).toBe("unknown");
    expect(refs.holderOf(second)).toBe("unknown");
    refs.remember(second, undefined);
    expect(refs.holderOf(second)).toBe("unknown");
  });

  it("G2: isn't remembered again before all messages that had the ref are dropped", () => {
    const refs = refsOf(first, second);
    refs.drop(first);
    expect(refs.first("alice:bob\nalice\nr")).toBeUndefined();
    refs.remember(second, undefined);
    expect(refs.holderOf(second)).toBe("unknown");
    // The first message that is still known is the third, but the second is in the tail too.
    refs.add(third);
    refs.remember(third, undefined);
    expect(refs.holderOf(third)).toBe("unknown");
    refs.drop(second);
    refs.drop(third);
    const fourth = message(4, { ref: "r" });
    refs.add(fourth);
    refs.remember(fourth, undefined);
    expect(refs.holderOf(fourth)).toBeUndefined();
  });

  it("G5: an answer for a message that isn't in the tail any more isn't kept", () => {
    const refs = refsOf(first);
    refs.drop(first);
    refs.remember(first, holder);
    expect([refs.remembered, refs.bytes]).toEqual([0, 0]);
    refs.remember(message(5), undefined);
    expect(refs.remembered).toBe(0);
  });
});
