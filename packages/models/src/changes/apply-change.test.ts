import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentDigest } from "../digest.ts";
import { formatId } from "../ids.ts";
import type { StoredMessage } from "../message.ts";
import { applyChange, hasEffectOn, isTargetOf } from "./apply-change.ts";
import type { LogChange } from "./changes.ts";

const idAt = (seq: number) => formatId({ ms: 1_700_000_000_000, seq });
const message: StoredMessage = {
  ...{ id: idAt(0), from: "alice", to: "bob", content: "first", meta: '{"v":0}', ref: "r", also: idAt(1) },
};
const digest = contentDigest(message);
const target = { from: "alice", to: "bob", id: message.id, digest };
const edit = (seq: number, meta?: string): LogChange => ({
  ...{ kind: "edit", ...target, change: idAt(seq), content: `edit ${seq}` },
  ...(meta !== undefined && { meta }),
});
const deletion = (seq: number): LogChange => ({ kind: "delete", ...target, change: idAt(seq) });

describe("P76: the effect of a change", () => {
  it("is its content and meta, and leaves the ref, the alias and the first digest", () => {
    const { meta: _, ...kept } = message;
    expect(applyChange(message, edit(5, "{}"))).toEqual({
      ...{ ...kept, content: "edit 5", meta: "{}", digest, change: idAt(5) },
    });
    expect(applyChange(message, edit(5))).toEqual({ ...kept, content: "edit 5", digest, change: idAt(5) });
    expect(applyChange(message, deletion(5))).toEqual({
      ...{ ...kept, content: "", digest, change: idAt(5), deleted: true },
    });
  });

  it("is the same in any order and any number of times: that of the log's order, up to the first delete", () => {
    const changes = fc.uniqueArray(
      fc.tuple(fc.integer({ min: 2, max: 9 }), fc.boolean(), fc.option(fc.constant("{}"))),
      { selector: ([seq]) => seq, maxLength: 6 },
    );
    const property = fc.property(changes, fc.array(fc.nat(5), { maxLength: 12 }), (specs, delivered) => {
      const list = specs.map(([seq, isEdit, meta]) =>
        isEdit ? edit(seq, meta ?? undefined) : deletion(seq),
      );
      const inOrder = list.toSorted((a, b) => (a.change < b.change ? -1 : 1));
      const end = inOrder.findIndex(({ kind }) => kind === "delete");
      const counting = end < 0 ? inOrder : inOrder.slice(0, end + 1);
      const expected = counting.reduce(applyChange, message);
      const order = [...delivered.flatMap((n) => list[n] ?? []), ...list];
      const found = order.reduce(applyChange, message);
      expect(found).toEqual(expected);
      expect(list.some((change) => hasEffectOn(change, found))).toBe(false);
      expect(found.change).toBe(counting.at(-1)?.change);
      expect(found.deleted).toBe(end < 0 ? undefined : true);
    });
    fc.assert(property);
  });

  it("L28, L29: a change is for a message with the same sender, recipient and first content", () => {
    expect(isTargetOf(edit(5), message)).toBe(true);
    const edited = applyChange(message, edit(5));
    expect(isTargetOf(edit(6), edited)).toBe(true);
    for (const other of [{ from: "bob" }, { to: "carol" }, { digest: contentDigest({ content: "first" }) }])
      expect(isTargetOf({ ...edit(6), ...other }, edited)).toBe(false);
  });
});
