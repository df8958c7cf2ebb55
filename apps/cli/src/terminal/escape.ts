/**
 * The characters that a terminal acts on instead of showing them: control characters (C0, DEL and C1, with which
 * escape sequences begin), line separators, and marks that change the direction of the text around them.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Returns untrusted text as one line that is safe to print. Unsafe characters become `\x1b` or `\u{202e}`. */
export function escapeLine(text: string): string {
  return text.toWellFormed().replaceAll(UNSAFE, escapeCharacter);
}

/**
 * Like `escapeLine`, but keeps line breaks. Each line after the first begins with `mark`, so that it can't look like
 * another message.
 */
export function escapeLines(text: string, mark = "  │ "): string {
  return text
    .split(/\r\n|\n/)
    .map(escapeLine)
    .join(`\n${mark}`);
}

/** Returns one line of JSON that is safe to print and parses to exactly this value. */
export function escapeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNSAFE, escapeJsonCharacter);
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 4)}}`;
}

function escapeJsonCharacter(character: string): string {
  return `\\u${hex(character.charCodeAt(0), 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
