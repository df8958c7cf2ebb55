import { REAL_NAMES } from "@parley/models/test/usernames";
import { describe, expect, it } from "vitest";
import { mayImitate } from "./scripts.ts";

describe("names that may imitate others", () => {
  it("are names that mix scripts whose letters look alike", () => {
    const mixed = [
      ...[
        "pаypal",
        "аlice",
        "bоb",
        "adminі",
        "ѕupport",
        "ρaypal",
        "alicε",
        "bօb",
        "аβ",
        "Ꭺlice",
        "مbob",
        "bobش",
      ],
      // Digits of another script, a mark of another script, and a rare script.
      ...["bob١", "bob०", "a\u093c", "क\u05b8", "bob𐌀", "नमनИван", "김コ"],
    ];
    for (const name of mixed) expect(mayImitate(name), name).toBe(true);
  });

  it("are names with letters that are ASCII in another style, and names with invisible characters", () => {
    for (const name of [
      "𝐚lice",
      "ａｌｉｃｅ",
      "𝒜",
      "ﬁona",
      "ſam",
      "bob𝟣",
      "bob１",
      "ℓ",
      "bob\u3164",
      "\uffa0",
      "a\u00ad",
    ])
      expect(mayImitate(name), name).toBe(true);
  });

  it("aren't names in the script, or in the scripts, of one language", () => {
    for (const [language, name] of Object.entries(REAL_NAMES))
      expect(mayImitate(name.normalize("NFC")), language).toBe(false);
    const more = [
      ...[
        "alice",
        "",
        "Ångström_7",
        "l·l",
        "Đorđe",
        "oʻzbek",
        "Зоряна_2",
        "Μαρία-1",
        "李雷_Li",
        "タロウ太郎たろう",
      ],
      ...["김철수金", "ㄅㄆ李Li", "𐌀𐌁", "สมชาย๒", "नमन_९", "ქართული", "Ẹ̀bùn"],
    ];
    for (const name of more) expect(mayImitate(name), name).toBe(false);
  });

  it("are found in a short time, whatever the name", () => {
    const names = ["а".repeat(63), `${"李".repeat(62)}`, "ꓐ".repeat(63), "𐌀".repeat(63)];
    for (const name of names) expect(mayImitate(`${name}b`)).toBe(!name.startsWith("李"));
    expect(mayImitate("ж".repeat(100_000))).toBe(false);
  });
});
