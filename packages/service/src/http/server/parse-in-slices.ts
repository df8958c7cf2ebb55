import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * Maximum number of bytes that Node parses in one go. Node reads up to 64 KiB from a socket at once, and otherwise parses
 * all of them before any other code can stop it. Of a body in chunks of one byte, these are 11,000 calls of JavaScript.
 */
export const SLICE_BYTES = 1_024;

/**
 * Gives Node's HTTP parser what is read from a socket in slices, so that nothing is parsed once the socket was destroyed,
 * except for the rest of a slice (G5). Call this after Node's own listener for new connections.
 */
export function parseInSlices(socket: Socket): void {
  // Node's parser reads from the system itself, past the socket's stream, until anybody else has listened for data.
  socket.on("data", ignore).off("data", ignore);
  socket.push = pushSlices;
}

/** Undoes `parseInSlices` for a socket from which Node's parser reads no more, such as a WebSocket. */
export function stopSlicing(socket: Duplex): void {
  socket.push = pushWhole;
}

const { push: pushWhole } = Socket.prototype;

function pushSlices(this: Socket, read: Buffer | null, encoding?: BufferEncoding): boolean {
  if (read === null || read.length <= SLICE_BYTES) return pushWhole.call(this, read, encoding);
  let wantsMore = true;
  for (let at = 0; at < read.length && !this.destroyed; at += SLICE_BYTES)
    wantsMore = pushWhole.call(this, read.subarray(at, at + SLICE_BYTES), encoding);
  if (this.destroyed) free(read);
  return wantsMore && !this.destroyed;
}

/**
 * Frees the memory of bytes that nobody will read: Node gives each read a buffer of its own. Otherwise V8 would count 64 KiB
 * for each ended connection, and soon begin a full garbage collection because of them.
 */
function free({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

function ignore(): void {
  return;
}
