import { conversationOf, type LogMessage, PUBLIC_CONVERSATION } from "@parley/models";
import { expect, it } from "vitest";
import { idAt, messageAt } from "./messages.ts";
import { everything, type OpenStore } from "./opening.ts";

const CONTENTS = [
  "a\u0000b",
  "\u0000",
  "👩‍👩‍👧‍👦 🏳️‍🌈 𝕏",
  "שלום \u202eabc\u202c مرحبا",
  "é is not e\u0301",
  "  spaces, \t tabs, \r\n lines \u2028 \u2029 \ufeff ",
  "\uffff \u{10ffff} \ufffd",
  '{"$ne":1} \\" \\u0000',
  "'; DROP TABLE messages; --",
  "x".repeat(8 * 1024),
  "€".repeat(2_730),
  "0",
  "1e400",
  "null",
];

/** Strings that break query languages, keys or inexact comparisons. */
const STRINGS = [
  "$ne",
  "$where",
  "a.b",
  "a.$.b",
  "__proto__",
  "constructor",
  "'",
  '"',
  "\\",
  "%",
  "_",
  "*",
  "?",
  ":user",
  "a\u0000",
  "a",
  "A",
  "a ",
  "ａ",
  "é",
  "e\u0301",
  "😀",
  "\uffff",
  "1",
  "1.0",
  "true",
];

/** Store contract: contents and field values of any kind. */
export function contentRules(open: OpenStore): void {
  it("P12: contents are returned unchanged, character by character", async () => {
    const store = await open();
    const stored = CONTENTS.map((content, n) => messageAt(n, { content }));
    await store.insert(stored);
    expect(await everything(store, PUBLIC_CONVERSATION)).toEqual(stored);
    expect(await store.insert(stored)).toEqual(stored.map(() => ({ kind: "stored" })));
  });

  it("P55: any string is a plain value in every field, and compares exactly", async () => {
    const store = await open();
    const stored: LogMessage[] = STRINGS.flatMap((text, n) => [
      messageAt(4 * n, { from: text, to: "zoe" }),
      messageAt(4 * n + 1, { from: "zoe", to: text }),
      messageAt(4 * n + 2, { from: "ref", to: "zoe", ref: text, content: text }),
      messageAt(4 * n + 3, { from: text, to: text, ref: text, content: text }),
    ]);
    expect(await store.insert(stored)).toEqual(stored.map(() => ({ kind: "stored" })));
    for (const [n, text] of STRINGS.entries()) {
      const [out, back, withRef, self] = stored.slice(4 * n, 4 * n + 4);
      expect(await everything(store, conversationOf(text, "zoe")), text).toEqual([out, back]);
      expect(await store.sync(text, { limit: 100 }), text).toEqual([out, back, self]);
      expect(await store.findByRef([messageAt(0, { from: "ref", to: "zoe", ref: text })])).toEqual([withRef]);
      expect(await store.page(text, { limit: 10, newest: true }), text).toEqual([]);
    }
    const again = STRINGS.map((ref, n) => messageAt(1000 + n, { from: "ref", to: "zoe", ref, content: ref }));
    expect(await store.insert(again)).toEqual(
      STRINGS.map((_, n) => ({ kind: "duplicateOf", id: idAt(4 * n + 2) })),
    );
  });
}
