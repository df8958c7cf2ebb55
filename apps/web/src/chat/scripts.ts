/** Scripts in use today. All other scripts are rare. They form one group, which can't be mixed with these scripts. */
const SCRIPTS =
  "Latin Greek Cyrillic Armenian Georgian Hebrew Arabic Syriac Thaana Nko Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Khmer Mongolian Ethiopic Cherokee Canadian_Aboriginal Tifinagh Han Hangul Hiragana Katakana Bopomofo Yi Lisu Vai Javanese Balinese Adlam".split(
    " ",
  );

/** Scripts that are written together, according to "highly restrictive" in Unicode Technical Standard 39. */
const TOGETHER = [
  ["Latin", "Han", "Hiragana", "Katakana"],
  ["Latin", "Han", "Bopomofo"],
  ["Latin", "Han", "Hangul"],
];

const classOf = (scripts: readonly string[]) => scripts.map((script) => `\\p{scx=${script}}`).join("");
const allOf = (scripts: readonly string[]) => `[${classOf(["Common", "Inherited", ...scripts])}]*`;

const ONE_SYSTEM = new RegExp(
  `^(?:${[...SCRIPTS.map((script) => [script]), ...TOGETHER].map(allOf).join("|")}|[^${classOf(SCRIPTS)}]*)$`,
  "u",
);
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;
const PRINTABLE_ASCII = /^[!-~]*$/;

/**
 * Returns true if a name may be made to look like another one: it mixes scripts, such as Latin and Cyrillic, it has
 * letters or digits that are ASCII in another style, such as `ａ` and `𝐚`, or it has invisible characters.
 */
export function mayImitate(name: string): boolean {
  if (PRINTABLE_ASCII.test(name)) return false;
  return !ONE_SYSTEM.test(name) || INVISIBLE.test(name) || [...name].some(isStyledAscii);
}

function isStyledAscii(character: string): boolean {
  return !PRINTABLE_ASCII.test(character) && PRINTABLE_ASCII.test(character.normalize("NFKC"));
}
