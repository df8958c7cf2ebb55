import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeJson, escapeLine, escapeLines } from "./escape.ts";
import { formatMessage, formatMessageJson } from "./format-message.ts";

/** Returns true if a terminal would act on the text, apart from line feeds. */
function isUnsafe(text: string): boolean {
  return [...text].some((character) => {
    const code = character.codePointAt(0) ?? 0;
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
    return (isControl && character !== "\n") || SEPARATORS_AND_DIRECTION_MARKS.has(code);
  });
}
/** Line separators, and marks that change the direction of text. */
const SEPARATORS_AND_DIRECTION_MARKS = new Set([
  0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068,
  0x2069,
]);
const text = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", maxLength: 1 }),
    fc.constantFrom("\x1b", "\x9b", "\n", "\u202e"),
  ),
});

describe("untrusted text on a terminal", () => {
  it.each([
    ["\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"],
    ["\x9b31m", "\\x9b31m"],
    ["gone\rhere\b", "gone\\x0dhere\\x08"],
    ["abc\u202edcba", "abc\\u{202e}dcba"],
    ["tab\there\x7f", "tab\\x09here\\x7f"],
    ["Grüße, 世界 👩‍👩‍👧 שלום", "Grüße, 世界 👩‍👩‍👧 שלום"],
  ])("%j is shown as %s", (text, shown) => {
    expect(escapeLine(text)).toBe(shown);
  });

  it("marks further lines, so that none looks like another message", () => {
    expect(escapeLines("one\n12:00 bob: two\r\nthree")).toBe("one\n  │ 12:00 bob: two\n  │ three");
    const message = { id: "1", from: "a", to: "", content: "x\ny", timestamp: "2026-01-02T03:04:05.678Z" };
    expect(formatMessage(message, () => "now")).toBe("now a: x\n  │ y");
  });

  it("never contains a character on which a terminal acts", () => {
    fc.assert(
      fc.property(text, (any) => {
        expect(isUnsafe(escapeLine(any))).toBe(false);
        expect(escapeLine(any)).not.toContain("\n");
        expect(isUnsafe(escapeLines(any))).toBe(false);
        expect(escapeJson({ any })).not.toContain("\n");
        expect(isUnsafe(escapeJson({ any }))).toBe(false);
      }),
    );
  });

  it("parses to the original value when it is JSON", () => {
    fc.assert(
      fc.property(text, (any) => {
        expect(JSON.parse(escapeJson({ any }))).toEqual({ any });
      }),
    );
    const message = { id: "1", from: "a", to: "b", content: "\x1b\x9b\u202e", timestamp: "t" };
    expect(JSON.parse(formatMessageJson(message))).toEqual(message);
  });
});
