import { type CHANGE_TYPES, encodeBody, messageJson, type StoredMessage, timestampOf } from "@parley/models";

/** Minimum length of a chunk's text, in UTF-16 units. Only the last chunk may be shorter. */
const CHUNK_LENGTH = 64 * 1024;

/** A list of messages in a response. */
export interface MessageList {
  readonly messages: readonly StoredMessage[];
  readonly envelope: JsonEnvelope;
}

/** The JSON text around the messages of a list. */
export interface JsonEnvelope {
  /** The text before the messages: `[`, the beginning of an object, or `,` in a later part of a whole conversation. */
  readonly before: string;
  /** The text after the messages: `]`, the end of the object, or nothing in a part of a whole conversation. */
  readonly after: string;
  /** Converts the message at an index of the list to JSON. The default is the form of P50. */
  readonly item?: (message: StoredMessage, index: number) => string;
}

/**
 * Encodes lists of messages as chunks of JSON: yields each full one and returns the last one. The chunks are outside of the
 * JavaScript heap, and the messages can be freed. So the memory that a response needs while its client reads is small and
 * known exactly (G5). Others can use the event loop between two chunks.
 */
export function* encodeMessages(lists: readonly MessageList[]): Generator<Buffer, Buffer, void> {
  // The pieces are joined once per chunk. If each were appended to a string, V8 would build a chain of small strings,
  // which stays in memory longer than it is used.
  let pieces: string[] = [];
  let length = 0;
  for (const json of piecesOf(lists)) {
    pieces.push(json);
    length += json.length;
    if (length < CHUNK_LENGTH) continue;
    yield Buffer.from(pieces.join(""));
    pieces = [];
    length = 0;
  }
  return Buffer.from(pieces.join(""));
}

function* piecesOf(lists: readonly MessageList[]): Generator<string> {
  for (const { messages, envelope } of lists) {
    const { before, after, item = toJson } = envelope;
    yield before;
    for (const [index, message] of messages.entries()) {
      const json = item(message, index);
      yield index === 0 ? json : `,${json}`;
    }
    yield after;
  }
}

/** Converts one message to the JSON that clients get (P50, P75). */
export function toJson(message: StoredMessage): string {
  return messageJson(message.id, encodeBody(message), message);
}

/** An entry of the log, with its message as it is now. */
export interface JsonEntry {
  readonly type: "message" | (typeof CHANGE_TYPES)[keyof typeof CHANGE_TYPES];
  /** The entry's own id: of the message or of the change. */
  readonly id: string;
  /** The moderator who deleted the message. */
  readonly by?: string | undefined;
  readonly message: StoredMessage;
}

/** Converts an entry to JSON (P63, P75). `idName` is the name that its own id has in the response. */
export function entryToJson(idName: "id" | "change", { type, id, by, message }: JsonEntry): string {
  const moderator = by === undefined ? "" : `,"by":${JSON.stringify(by)}`;
  const head = `"type":"${type}","${idName}":"${id}"${moderator},"timestamp":"${timestampOf(id)}"`;
  return `{${head},"message":${toJson(message)}}`;
}

export function bytesOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
