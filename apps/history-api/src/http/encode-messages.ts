import { encodeBody, type LogMessage, messageJson } from "@parley/models";

/** Text collected before it becomes bytes, in UTF-16 units. */
const CHUNK_LENGTH = 64 * 1024;

/** The JSON text around the messages of a response. */
export interface JsonEnvelope {
  /** `[`, or the beginning of an object. */
  readonly before: string;
  /** `]`, or the end of that object. */
  readonly after: string;
  /** Converts one message to JSON. By default the message as in P50. */
  readonly item?: (message: LogMessage) => string;
}

/**
 * Encodes messages as chunks of JSON. The chunks are outside of the JavaScript heap, and the messages aren't needed any
 * more: what a response holds while its client reads is small and known exactly (G5).
 */
export function encodeMessages(
  messages: readonly LogMessage[],
  { before, after, item = toJson }: JsonEnvelope,
): Buffer[] {
  const chunks: Buffer[] = [];
  // Joined once per chunk: a string that grows message by message is a chain of pieces that outlives its use.
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

/** One message as clients read it (P50). */
export function toJson(message: LogMessage): string {
  return messageJson(message.id, encodeBody(message));
}

export function bytesOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
