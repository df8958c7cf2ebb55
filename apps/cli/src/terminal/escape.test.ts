import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable, printableJson, printableLines } from "./escape.ts";
import { messageJson, messageLine } from "./format-message.ts";

/** What a terminal would act on, but for the end of a line. */
function acts(text: string): boolean {
  return [...text].some((character) => {
    const code = character.codePointAt(0) ?? 0;
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
    return (isControl && character !== "\n") || TURNS.has(code);
  });
}
/** Line separators, and what turns the direction of text. */
const TURNS = new Set([
  0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068,
  0x2069,
]);
const text = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", maxLength: 1 }),
    fc.constantFrom("\x1b", "\x9b", "\n", "\u202e"),
  ),
});

describe("foreign text on a terminal", () => {
  it.each([
    ["\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"],
    ["\x9b31m", "\\x9b31m"],
    ["gone\rhere\b", "gone\\x0dhere\\x08"],
    ["abc\u202edcba", "abc\\u{202e}dcba"],
    ["tab\there\x7f", "tab\\x09here\\x7f"],
    ["Grüße, 世界 👩‍👩‍👧 שלום", "Grüße, 世界 👩‍👩‍👧 שלום"],
  ])("%j is shown as %s", (given, shown) => {
    expect(printable(given)).toBe(shown);
  });

  it("has no line that could be taken for another message", () => {
    expect(printableLines("one\n12:00 bob: two\r\nthree")).toBe("one\n  │ 12:00 bob: two\n  │ three");
    const message = { id: "1", from: "a", to: "", content: "x\ny", timestamp: "2026-01-02T03:04:05.678Z" };
    expect(messageLine(message, () => "now")).toBe("now a: x\n  │ y");
  });

  it("never holds what a terminal acts on, whatever it was", () => {
    fc.assert(
      fc.property(text, (any) => {
        expect(acts(printable(any))).toBe(false);
        expect(printable(any)).not.toContain("\n");
        expect(acts(printableLines(any))).toBe(false);
        expect(printableJson({ any })).not.toContain("\n");
        expect(acts(printableJson({ any }))).toBe(false);
      }),
    );
  });

  it("as JSON parses to just what it was", () => {
    fc.assert(
      fc.property(text, (any) => {
        expect(JSON.parse(printableJson({ any }))).toEqual({ any });
      }),
    );
    const message = { id: "1", from: "a", to: "b", content: "\x1b\x9b\u202e", timestamp: "t" };
    expect(JSON.parse(messageJson(message))).toEqual(message);
  });
});
