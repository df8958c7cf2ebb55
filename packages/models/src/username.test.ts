import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REAL_NAMES, username } from "./test/usernames.ts";
import { isLoggedUsername, isUsername } from "./username.ts";

const MAX_CODE_POINT = 0x10ffff;
/** Characters that nobody sees. The single ones are joiners and fillers of Tifinagh, Brahmi, Zanabazar Square, Soyombo and Khitan. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u2d7f\u{1107f}\u{11a47}\u{11a99}\u{16fe4}]/u;
/** Characters with a meaning in a path, a key, a query or a header. */
const SPECIAL = /[\s/\\:$%?#&=,;'"`<>{}[\]()|*~^!\p{C}\p{Z}\p{So}\p{Me}]/u;

/** Returns every code point for which a condition holds, in hexadecimal. */
function codePointsWhere(condition: (character: string) => boolean): string[] {
  const found: string[] = [];
  for (let code = 0; code <= MAX_CODE_POINT; code += 1) {
    if (condition(String.fromCodePoint(code))) found.push(code.toString(16));
  }
  return found;
}

describe("usernames", () => {
  it("P4: names of many languages are usernames", () => {
    for (const [language, name] of Object.entries(REAL_NAMES)) {
      expect(isUsername(name.normalize("NFC")), language).toBe(true);
    }
    for (const name of ["a", "alice", "x+y", "_", "-", ".", "..", "@", "42", "Ålice", "x".repeat(64)]) {
      expect(isUsername(name), name).toBe(true);
    }
  });

  it("P4: of all characters, a username of one is a visible letter, a decimal digit or one of _ . @ + -", () => {
    const allowed = (character: string) =>
      /^[\p{L}\p{Nd}_.@+-]$/u.test(character) &&
      !INVISIBLE.test(character) &&
      character.normalize("NFC") === character;
    expect(codePointsWhere((character) => isUsername(character) !== allowed(character))).toEqual([]);
  });

  it("P4: of all characters, only those and visible marks may follow a letter", () => {
    const allowed = (character: string) =>
      /^[\p{L}\p{Mn}\p{Mc}\p{Nd}_.@+-]$/u.test(character) && !INVISIBLE.test(character);
    const composed = (text: string) => text.normalize("NFC") === text;
    expect(
      codePointsWhere((character) => {
        const text = `ක${character}`;
        return isUsername(text) !== (allowed(character) && composed(text));
      }),
    ).toEqual([]);
  });

  it("P4: a mark needs a letter before it", () => {
    fc.assert(
      fc.property(username, fc.constantFrom(..."\u0301ाิ့\u064f\u05b8"), (name, mark) => {
        expect(isUsername(`${mark}${name}`)).toBe(false);
        for (const before of ["_", ".", "@", "+", "-", "7", "٣"]) {
          expect(isUsername(`${before}${mark}`)).toBe(false);
          expect(isUsername(`a${before}${mark}b`)).toBe(false);
        }
      }),
    );
  });

  it("P4: a letter has at most 6 marks, of which at most 4 are nonspacing", () => {
    const [nonspacing, spacing] = ["\u0316", "\u102c"];
    for (const letter of ["a", "က", "𠮷"]) {
      for (let count = 0; count <= 64; count += 1) {
        expect(isUsername(letter + nonspacing.repeat(count)), `${count}`).toBe(count <= 4);
        expect(isUsername(`x${letter}${nonspacing.repeat(count)}x`), `${count}`).toBe(count <= 4);
        expect(isUsername(letter + spacing.repeat(count)), `${count}`).toBe(count <= 6);
      }
      expect(isUsername(letter + (nonspacing + spacing).repeat(3))).toBe(true);
      expect(isUsername(letter + (spacing + nonspacing).repeat(4))).toBe(false);
      expect(isUsername(`${letter}${nonspacing.repeat(4)}${spacing.repeat(2)}`.repeat(9))).toBe(true);
    }
    // Enclosing marks.
    for (const mark of ["\u0488", "\u20dd", "\u20e3"]) expect(isUsername(`a${mark}`)).toBe(false);
  });

  it("P4: the limit counts characters, not UTF-16 units or bytes", () => {
    for (const one of ["a", "é", "李", "𠮷", "गा", "𑄇𑄨"]) {
      const most = 64 / [...one].length;
      expect(isUsername(one.repeat(most)), one).toBe(true);
      expect(isUsername(`${one.repeat(most)}a`), one).toBe(false);
      expect(isUsername(one.repeat(10_000)), one).toBe(false);
    }
    expect(isUsername("")).toBe(false);
  });

  it("P4: only the composed form (NFC) is accepted", () => {
    for (const composed of ["é", "Å", "ñandú", "가", "ệ", "ড়".normalize("NFC")]) {
      expect(isUsername(composed), composed).toBe(true);
      const decomposed = composed.normalize("NFD");
      expect(isUsername(decomposed), `${composed} decomposed`).toBe(decomposed === composed);
    }
    // Letters that normalize to others: ANGSTROM SIGN, OHM SIGN, a compatibility ideograph, BENGALI LETTER RRA.
    for (const form of ["\u212b", "\u2126", "\uf900", "\u09dc"]) expect(isUsername(form)).toBe(false);
  });

  it("P4: two usernames with the same normal form are the same text", () => {
    const text = fc.oneof(username, fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }));
    fc.assert(
      fc.property(text, (text) => {
        if (isUsername(text)) expect(text.normalize("NFC")).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  it("P4: invisible characters are refused anywhere in a name", () => {
    const invisible = codePointsWhere((character) => INVISIBLE.test(character));
    expect(invisible.length).toBeGreaterThan(4_000);
    for (const hex of [...invisible, "2800", "180e", "200b", "2060", "feff", "e0001"]) {
      const character = String.fromCodePoint(Number.parseInt(hex, 16));
      for (const name of [character, `a${character}`, `${character}a`, `a${character}b`, `क${character}ष`])
        expect(isUsername(name), hex).toBe(false);
    }
    // Names that are usually written with joiners are accepted without them.
    expect(isUsername("علی\u200cرضا")).toBe(false);
    expect(isUsername("ශ්\u200dරී")).toBe(false);
    expect(isUsername("علیرضا") && isUsername("ශ්රී")).toBe(true);
  });

  it("P4: everything else is refused: paths, operators, spaces, controls, emoji, unassigned characters", () => {
    const no = [
      ...[
        "a/b",
        "../etc",
        "/",
        "\\",
        "a\\b",
        "%2e",
        "a%00",
        "a?b",
        "a#b",
        "a;b",
        "$ne",
        "$where",
        "a$",
        "{a}",
      ],
      ...["[a]", "a:b", "a,b", "a|b", "a*b", "a'b", 'a"b', "`", "<a>", "a&b", "a=b", "a~b", "a^b", "a!b"],
      ...[" ", "a b", " a", "a ", "\ta", "a\n", "\na", "a\r", "a\0", "\u007f", "\u0085", "\u00a0", "\u2028"],
      ...["😀", "a👍", "👩‍💻", "🇩🇪", "1\ufe0f\u20e3", "①", "½", "²", "Ⅷ", "\u202ea", "བོད་ཡིག"],
      ...["\ud800", "a\udc00", "\udc00\ud800", "\ufffd", "\ue000", "\u{f0000}", "\u0378", "\u{10ffff}"],
    ];
    for (const name of no) expect(isUsername(name), JSON.stringify(name)).toBe(false);
    for (const name of [undefined, null, 7, true, {}, ["alice"], { length: 3 }, new String("alice")]) {
      expect(isUsername(name)).toBe(false);
    }
  });

  it("P4: an accepted username has no characters with a meaning in a path, a key or a header", () => {
    const text = fc.oneof(username, fc.string({ unit: "binary", minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(text, (text) => {
        if (isUsername(text)) expect(SPECIAL.test(text)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it("P4: names are compared exactly, including case", () => {
    expect(isUsername("Alice") && isUsername("alice")).toBe(true);
  });
});

describe("names in the log", () => {
  it("L10: every username may be in the log", () => {
    fc.assert(
      fc.property(username, (name) => {
        expect(isLoggedUsername(name)).toBe(true);
      }),
    );
  });

  it("L10: names that an earlier or a later version accepts are read as well", () => {
    // Hangul fillers were letters of names once. U+0378 has no character yet.
    for (const name of ["\u3164", "\u115f\u1160", "a\uffa0", "a\u0378", "a\u0316\u0316\u0316\u0316\u0316"]) {
      expect(isUsername(name)).toBe(false);
      expect(isLoggedUsername(name), JSON.stringify(name)).toBe(true);
    }
  });

  it("L10: a text that separates keys, or that no version accepts, isn't a name in the log", () => {
    const no = [
      "",
      "a b",
      "a:b",
      "$ne",
      "a\n",
      "a/b",
      "a\0",
      "\ud800",
      "\ue000",
      "😀",
      "e\u0301",
      "a".repeat(65),
    ];
    for (const name of no) expect(isLoggedUsername(name), JSON.stringify(name)).toBe(false);
  });
});
