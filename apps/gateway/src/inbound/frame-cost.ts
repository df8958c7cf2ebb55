import { type ClientFrame, encodeBody, messageFrame, ORIGIN } from "@parley/models";

/** Bytes of a message's frame without its sender, recipient and content. Ids have a fixed width. */
const ENVELOPE_BYTES = Buffer.byteLength(messageFrame(ORIGIN, encodeBody({ from: "", to: "", content: "" })));
/** Largest header of a frame that a server sends. */
const HEADER_BYTES = 10;
/** A UTF-16 unit takes at most three bytes in UTF-8, and JSON escapes no character of a username. */
const MAX_BYTES_PER_UNIT = 3;
/** Verifying a token takes about as long as handling this many messages. */
const AUTH_FRAMES = 5;

/**
 * Returns what a frame costs in bytes (P32): its own size, and for a message at least the size of the frame that each
 * reader gets.
 *
 * The size of the client's own frame covers the recipient and the content. The server never encodes them longer:
 * `JSON.stringify` escapes only characters that JSON requires to be escaped, with the shortest escape.
 */
export function bytesOf(frame: ClientFrame | undefined, size: number, user: string): number {
  if (frame?.type !== "message") return size;
  return size + ENVELOPE_BYTES + HEADER_BYTES + MAX_BYTES_PER_UNIT * user.length;
}

/** Returns the cost of a frame in ordinary frames (P32). */
export function framesOf(frame: ClientFrame | undefined): number {
  return frame?.type === "auth" ? AUTH_FRAMES : 1;
}
