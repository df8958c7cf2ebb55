/** A line that an app has printed, parsed. */
export interface LogLine {
  /** Time of arrival, by `performance.now()`. */
  readonly atMs: number;
  readonly type?: string;
  /** The line itself, if it isn't JSON. */
  readonly text?: string;
  readonly role?: string;
  readonly up?: boolean;
  readonly ms?: number;
  readonly entries?: number;
}

export function parseLogLine(line: string): LogLine {
  const atMs = performance.now();
  try {
    return { ...JSON.parse(line), atMs };
  } catch {
    // Node prints warnings and crashes as plain text; the app's logger only writes JSON.
    return { atMs, type: "text", text: line };
  }
}

/** A string in a text of JSON, with the colon after it if it is a key. */
const STRING = /"(?:[^"\\]|\\.)*"(\s*:)?/g;

/**
 * Returns what is wrong with a line on an app's standard output, or undefined. A line is one JSON object in which each
 * key occurs once, because programs that collect logs disagree about which of two values counts.
 */
export function problemOfLine(line: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return `a log line isn't JSON: ${line.slice(0, 200)}`;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return `a log line isn't an object: ${line.slice(0, 200)}`;
  const written = [...line.matchAll(STRING)].filter(([, colon]) => colon !== undefined).length;
  return written === countKeys(parsed) ? undefined : `a log line has a key twice: ${line.slice(0, 200)}`;
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, inner) => sum + countKeys(inner), own);
}
