import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isUsername } from "./username.ts";

const character = fc.oneof(fc.constantFrom(..."azAZ09_.@+-éñßжקعक中가ｱ９٣𝒜𠮷"), fc.constantFrom(..."a0_"));

describe("usernames", () => {
  it("P4: 1 to 64 letters, digits and _ . @ + - are a username", () => {
    fc.assert(
      fc.property(fc.array(character, { minLength: 1, maxLength: 64 }), (characters) => {
        expect(isUsername(characters.join(""))).toBe(true);
      }),
    );
    for (const name of [
      "a",
      "alice",
      "bob.smith@example.org",
      "x+y",
      "_",
      "-",
      "Ålice",
      "李雷",
      "علي",
      "42",
    ]) {
      expect(isUsername(name), name).toBe(true);
    }
  });

  it("P4: the limit counts characters, not UTF-16 units or bytes", () => {
    for (const one of ["a", "é", "李", "𠮷"]) {
      expect(isUsername(one.repeat(64)), one).toBe(true);
      expect(isUsername(one.repeat(65)), one).toBe(false);
    }
    expect(isUsername("")).toBe(false);
  });

  it("P4: only the composed form (NFC) is accepted", () => {
    for (const composed of ["é", "Å", "ñandú", "가", "ệ"]) {
      expect(isUsername(composed), composed).toBe(true);
      expect(isUsername(composed.normalize("NFD")), `${composed} decomposed`).toBe(false);
    }
    // Letters that normalize to another letter: ANGSTROM SIGN, OHM SIGN, a compatibility ideograph.
    for (const form of ["\u212b", "\u2126", "\uf900"]) expect(isUsername(form)).toBe(false);
  });

  it("P4: two usernames with the same normal form are the same text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }), (text) => {
        fc.pre(isUsername(text));
        expect(text.normalize("NFC")).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it("P4: everything else is refused: paths, operators, spaces, controls, emoji, invisible characters", () => {
    const no = [
      ...["a/b", "../etc", "/", "\\", "a\\b", "%2e", "a%00", "a?b", "a#b", "a;b"],
      ...[
        "$ne",
        "$where",
        "a$",
        "{a}",
        "[a]",
        "a:b",
        "a,b",
        "a|b",
        "a*b",
        "a'b",
        'a"b',
        "`",
        "<a>",
        "a&b",
        "a=b",
      ],
      ...[" ", "a b", " a", "a ", "\ta", "a\n", "\na", "a\r", "a\0", "\u007f", "\u0085", "\u00a0", "\u2028"],
      ...[
        "😀",
        "a👍",
        "👩‍💻",
        "🇩🇪",
        "①",
        "½",
        "²",
        "Ⅷ",
        "a\u200b",
        "a\u200d",
        "\u202ea",
        "\ufeffa",
        "a\u00ad",
      ],
      ...["\u0301", "e\u0301", "\ud800", "a\udc00", "\ufffd"],
    ];
    for (const name of no) expect(isUsername(name), JSON.stringify(name)).toBe(false);
    for (const name of [undefined, null, 7, true, {}, ["alice"], { length: 3 }, new String("alice")]) {
      expect(isUsername(name)).toBe(false);
    }
  });

  it("P4: an accepted username has no characters with a meaning in a path, a key or a header", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 3 }), (text) => {
        if (isUsername(text))
          expect(text).not.toMatch(/[\s/\\:$%?#&=,;'"`<>{}[\]()|*\p{C}\p{Z}\p{So}\p{M}]/u);
      }),
      { numRuns: 2000 },
    );
  });

  it("P4: names are compared exactly, including case", () => {
    expect(isUsername("Alice") && isUsername("alice")).toBe(true);
  });
});
