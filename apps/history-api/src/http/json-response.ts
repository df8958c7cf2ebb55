import type { ServerResponse } from "node:http";
import { encodeBody, type LogMessage, messageJson } from "@parley/models";

/** What is gathered for one write, in UTF-16 units. */
const CHUNK = 64 * 1024;

/** The client has gone, or did not read on in time: there is nobody left to answer. */
export class Abandoned extends Error {
  override readonly name = "Abandoned";
  readonly slow: boolean;

  constructor(slow: boolean) {
    super(slow ? "the client reads too slowly" : "the client has gone");
    this.slow = slow;
  }
}

export interface JsonFrame {
  /** Around the messages: `[` and `]`, or more. */
  readonly before: string;
  readonly after: string;
  /** How a message stands between them; as it is without this. */
  readonly item?: (message: LogMessage) => string;
}

/**
 * Writes an answer of many messages in constant memory, as fast as the client reads, and resolves with their number.
 * The first byte leaves only when 64 Ki characters are there or all of it is; a failure before is the caller's to
 * answer. Rejects with what `parts` fails with, or with Abandoned; `parts` is ended in any case.
 */
export async function writeMessages(
  res: ServerResponse,
  parts: AsyncIterable<readonly LogMessage[]> | Iterable<readonly LogMessage[]>,
  { before, after, item = jsonOf }: JsonFrame,
  slowClientMs: number,
): Promise<number> {
  // Joined once a write: text that grows message by message is a chain of pieces that outlives its use.
  let pieces = [before];
  let length = before.length;
  let count = 0;
  for await (const part of parts) {
    if (res.destroyed) throw new Abandoned(false);
    for (const message of part) {
      const json = item(message);
      pieces.push(count === 0 ? json : `,${json}`);
      length += json.length + 1;
      count += 1;
      if (length < CHUNK) continue;
      await write(res, Buffer.from(pieces.join("")), slowClientMs);
      pieces = [];
      length = 0;
    }
  }
  if (res.destroyed) throw new Abandoned(false);
  res.end(pieces.join("") + after);
  return count;
}

export function jsonOf(message: LogMessage): string {
  return messageJson(message.id, encodeBody(message));
}

async function write(res: ServerResponse, chunk: Buffer, slowClientMs: number): Promise<void> {
  if (res.destroyed) throw new Abandoned(false);
  if (!res.write(chunk)) await drained(res, slowClientMs);
}

function drained(res: ServerResponse, slowClientMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(new Abandoned(true)), slowClientMs);
    const onDrain = () => settle();
    const onClose = () => settle(new Abandoned(false));
    function settle(error?: Abandoned): void {
      clearTimeout(timer);
      res.off("drain", onDrain);
      res.off("close", onClose);
      if (error) reject(error);
      else resolve();
    }
    res.on("drain", onDrain);
    res.on("close", onClose);
  });
}
