import type { Duplex } from "node:stream";

/** Memory that Node needs for each write that waits, besides its bytes: 250 to 400 bytes were measured. */
const WRITE_BYTES = 256;

/**
 * Returns the memory of the writes that wait in a socket, in bytes. A pong has two bytes, so the bytes alone would let a client
 * that doesn't read occupy a hundred times of what it may (G5). Node has no public way to count the writes.
 */
export function waitingBytes(socket: Duplex): number {
  const bytes = socket.writableLength;
  if (bytes === 0) return 0;
  const { _writableState: state } = socket as Duplex & {
    readonly _writableState?: { readonly buffered?: readonly unknown[] };
  };
  return bytes + WRITE_BYTES * (state?.buffered?.length ?? 0);
}

export function bytesOf(pieces: readonly Buffer[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return bytes;
}
