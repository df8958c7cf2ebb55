import type { IncomingMessage } from "node:http";

/**
 * Maximum number of pieces of a request's body, besides one for each `BYTES_PER_PIECE` of it. Node holds each piece as an object
 * of several hundred bytes until it is read, and a chunk of chunked encoding may have one byte. A client that sends its body in
 * one piece needs far fewer.
 */
export const MAX_BODY_PIECES = 64;
const BYTES_PER_PIECE = 256;

/** How many more pieces the body of a request may have. */
interface Allowance {
  readonly push: IncomingMessage["push"];
  readonly onExceeded: (req: IncomingMessage) => void;
  pieces: number;
}

const ALLOWANCE = Symbol("allowance");

interface LimitedRequest extends IncomingMessage {
  [ALLOWANCE]?: Allowance;
}

/**
 * Calls `onExceeded` once a body has more pieces, and drops every further one. Call this before the body is parsed.
 *
 * Express replaces a request's prototype, so the request gets a method of its own. All requests share it: V8 would
 * keep a request with a function that refers to it until the next full garbage collection.
 */
export function limitBodyPieces(req: LimitedRequest, onExceeded: (req: IncomingMessage) => void): void {
  if (!hasBody(req)) return;
  req[ALLOWANCE] = { push: req.push, onExceeded, pieces: MAX_BODY_PIECES };
  req.push = pushAllowed;
}

function pushAllowed(this: LimitedRequest, chunk: Buffer | null, encoding?: BufferEncoding): boolean {
  const allowance = this[ALLOWANCE];
  if (!allowance || allowance.pieces < 0) return false;
  allowance.pieces += chunk === null ? 0 : chunk.length / BYTES_PER_PIECE - 1;
  if (allowance.pieces >= 0) return allowance.push.call(this, chunk, encoding);
  allowance.onExceeded(this);
  return false;
}

/** Tells if a part of a request's body hasn't arrived yet. */
export function isBodyIncomplete(req: IncomingMessage): boolean {
  return !req.complete && hasBody(req);
}

/** Tells if a request says that it has a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
