/**
 * What a terminal acts on instead of showing it: control characters (C0, DEL, C1: escape sequences begin with them),
 * line separators, and the marks that turn the direction of what stands around them.
 */
const ACTS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Foreign text as one line that a terminal only shows: what it would act on is written as `\x1b` or `\u{202e}`. */
export function printable(text: string): string {
  return text.toWellFormed().replaceAll(ACTS, escaped);
}

/** As `printable`, over as many lines as the text has; all but the first begin with a mark, so that none looks like another message. */
export function printableLines(text: string, mark = "  │ "): string {
  return text
    .split(/\r\n|\n/)
    .map(printable)
    .join(`\n${mark}`);
}

/** One line of JSON that a terminal only shows, and that parses to just what was given. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(ACTS, jsonEscaped);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 4)}}`;
}

function jsonEscaped(character: string): string {
  return `\\u${hex(character.charCodeAt(0), 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
