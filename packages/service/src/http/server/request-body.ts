import type { IncomingMessage } from "node:http";

/**
 * Maximum number of pieces of a request's body, besides one for each `BYTES_PER_PIECE` of it. Node holds each piece as an object
 * of several hundred bytes until it is read, and a chunk of chunked encoding may have one byte. A client that sends its body in
 * one piece needs far fewer.
 */
export const MAX_BODY_PIECES = 64;
const BYTES_PER_PIECE = 256;

/**
 * Calls `onExceeded` once a body has more pieces, and drops every further one. Call this before the body is parsed.
 *
 * Express replaces a request's prototype, so the request gets a method of its own.
 */
export function limitBodyPieces(req: IncomingMessage, onExceeded: () => void): void {
  if (!hasBody(req)) return;
  const push = req.push;
  let allowed = MAX_BODY_PIECES;
  let isExceeded = false;
  req.push = (chunk: Buffer | null, encoding) => {
    if (isExceeded) return false;
    allowed += chunk === null ? 0 : chunk.length / BYTES_PER_PIECE - 1;
    if (allowed >= 0) return push.call(req, chunk, encoding);
    isExceeded = true;
    onExceeded();
    return false;
  };
}

/** Tells if a part of a request's body hasn't arrived yet. */
export function isBodyIncomplete(req: IncomingMessage): boolean {
  return !req.complete && hasBody(req);
}

/** Tells if a request says that it has a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
