import { encodeBody, messageJson, type StoredMessage } from "@parley/models";

/** Minimum length of a chunk's text, in UTF-16 units. Only the last chunk may be shorter. */
const CHUNK_LENGTH = 64 * 1024;

/** The JSON text around the messages of a response. */
export interface JsonEnvelope {
  /** The text before the messages: `[`, the beginning of an object, or `,` in a later part of a whole conversation. */
  readonly before: string;
  /** The text after the messages: `]`, the end of the object, or nothing in a part of a whole conversation. */
  readonly after: string;
  /** Converts one message to JSON. The default is the form of P50. */
  readonly item?: (message: StoredMessage) => string;
}

/**
 * Encodes messages as chunks of JSON. The chunks are outside of the JavaScript heap, and the messages can be freed. So
 * the memory that a response needs while its client reads is small and known exactly (G5).
 */
export function encodeMessages(
  messages: readonly StoredMessage[],
  { before, after, item = toJson }: JsonEnvelope,
): Buffer[] {
  const chunks: Buffer[] = [];
  // The pieces are joined once per chunk. If each were appended to a string, V8 would build a chain of small strings,
  // which stays in memory longer than it is used.
  let pieces = [before];
  let length = before.length;
  for (const [index, message] of messages.entries()) {
    const json = item(message);
    pieces.push(index === 0 ? json : `,${json}`);
    length += json.length + 1;
    if (length < CHUNK_LENGTH) continue;
    chunks.push(Buffer.from(pieces.join("")));
    pieces = [];
    length = 0;
  }
  chunks.push(Buffer.from(pieces.join("") + after));
  return chunks;
}

/** Converts one message to the JSON that clients get (P50, P75). */
export function toJson(message: StoredMessage): string {
  return messageJson(message.id, encodeBody(message), message);
}

export function bytesOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
