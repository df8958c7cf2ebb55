import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { steadyMicros } from "./stamp.ts";

const TIMEOUT_MS = 5_000;
const CRLF = "\r\n";

/** A command's words, such as `["PING"]`. */
export type Command = readonly string[];

/** The end of a series of round trips, and the pause before each. */
interface Series {
  readonly count?: number;
  readonly ms?: number;
  readonly pauseMs?: number;
}

/**
 * Sends one group of commands at a time to a Redis on this machine, in one write, and waits for its replies. Resolves
 * with the time of each group in µs, which includes the fsync if a command writes (L8).
 */
export async function redisRoundTrips(
  port: number,
  groupOf: (n: number) => readonly Command[],
  { count = Number.POSITIVE_INFINITY, ms = Number.POSITIVE_INFINITY, pauseMs = 0 }: Series,
): Promise<number[]> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true, timeout: TIMEOUT_MS });
  socket.on("timeout", () => socket.destroy(new Error(`Redis did not answer within ${TIMEOUT_MS} ms`)));
  const endsAt = performance.now() + ms;
  const latencies: number[] = [];
  try {
    for (let n = 0; n < count && performance.now() < endsAt; n += 1) {
      if (pauseMs > 0) await delay(pauseMs);
      const group = groupOf(n);
      const request = group.map(encodeCommand).join("");
      const startedAt = steadyMicros();
      socket.write(request);
      for (let text = ""; completeReplies(text) < group.length; ) text += String(await once(socket, "data"));
      latencies.push(steadyMicros() - startedAt);
    }
  } finally {
    socket.destroy();
  }
  return latencies;
}

/** Encodes a command of ASCII words (RESP2). */
function encodeCommand(words: Command): string {
  return `*${words.length}${CRLF}${words.map((word) => `$${word.length}${CRLF}${word}${CRLF}`).join("")}`;
}

/** Returns how many complete replies a text begins with: simple ones, numbers and bulk strings. Throws on an error. */
export function completeReplies(text: string): number {
  for (let at = 0, count = 0; ; count += 1) {
    const end = text.indexOf(CRLF, at);
    if (end < 0) return count;
    if (text[at] === "-") throw new Error(`Redis refused a command: ${text.slice(at + 1, end)}`);
    const bulk = text[at] === "$" ? Number(text.slice(at + 1, end)) + CRLF.length : 0;
    at = end + CRLF.length + bulk;
    if (at > text.length) return count;
  }
}
