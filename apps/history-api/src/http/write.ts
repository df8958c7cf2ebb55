import type { ServerResponse } from "node:http";
import { encodeBody, type LogMessage, messageJson } from "@parley/models";

/** Text collected before each write to the socket, in UTF-16 units. */
const CHUNK_LENGTH = 64 * 1024;

/** The client disconnected, or read too slowly, before the response ended. There is nobody left to answer. */
export class ResponseAbandoned extends Error {
  override readonly name = "ResponseAbandoned";
  readonly isSlow: boolean;

  constructor({ isSlow }: { readonly isSlow: boolean }) {
    super(isSlow ? "the client reads too slowly" : "the client disconnected");
    this.isSlow = isSlow;
  }
}

/** The JSON text around the messages of a response. */
export interface JsonEnvelope {
  /** `[`, or the beginning of an object. */
  readonly before: string;
  /** `]`, or the end of that object. */
  readonly after: string;
  /** Converts one message to JSON. By default the message as in P50. */
  readonly item?: (message: LogMessage) => string;
}

/** Messages in parts, so that a long response never has to be in memory as a whole. */
export type MessageParts = AsyncIterable<readonly LogMessage[]> | Iterable<readonly LogMessage[]>;

/**
 * Writes a response of many messages in constant memory, as fast as the client reads, and resolves with their number.
 *
 * The first byte is sent only once 64 Ki characters are ready or the response is complete. Until then a failure can
 * still be answered with an error. Rejects with the failure of `parts`, or with ResponseAbandoned. Ends `parts` in
 * either case.
 */
export async function writeMessages(
  res: ServerResponse,
  parts: MessageParts,
  { before, after, item = toJson }: JsonEnvelope,
  slowClientMs: number,
): Promise<number> {
  // Joined once per write: a string that grows message by message is a chain of pieces that outlives its use.
  let pieces = [before];
  let length = before.length;
  let count = 0;
  for await (const part of parts) {
    if (res.destroyed) throw new ResponseAbandoned({ isSlow: false });
    for (const message of part) {
      const json = item(message);
      pieces.push(count === 0 ? json : `,${json}`);
      length += json.length + 1;
      count += 1;
      if (length < CHUNK_LENGTH) continue;
      await write(res, Buffer.from(pieces.join("")), slowClientMs);
      pieces = [];
      length = 0;
    }
  }
  if (res.destroyed) throw new ResponseAbandoned({ isSlow: false });
  res.end(pieces.join("") + after);
  return count;
}

/** One message as clients read it (P50). */
export function toJson(message: LogMessage): string {
  return messageJson(message.id, encodeBody(message));
}

async function write(res: ServerResponse, chunk: Buffer, slowClientMs: number): Promise<void> {
  if (res.destroyed) throw new ResponseAbandoned({ isSlow: false });
  if (!res.write(chunk)) await waitForDrain(res, slowClientMs);
}

/** Rejects with ResponseAbandoned if the client disconnects, or doesn't read on within `slowClientMs`. */
function waitForDrain(res: ServerResponse, slowClientMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(new ResponseAbandoned({ isSlow: true })), slowClientMs);
    const onDrain = () => settle();
    const onClose = () => settle(new ResponseAbandoned({ isSlow: false }));
    function settle(error?: ResponseAbandoned): void {
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
