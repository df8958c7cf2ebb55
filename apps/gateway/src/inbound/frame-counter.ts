const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASKED = 0x80;
const MASK_BYTES = 4;

/**
 * Counts the WebSocket frames in the bytes of one connection by their headers (RFC 6455, 5.2), whatever their kind.
 * ws reports no fragment that isn't a message's last one, and reports control frames only after it has parsed them.
 *
 * The bytes may be cut anywhere. Bytes that aren't valid frames give a number without meaning: ws ends the connection.
 */
export class FrameCounter {
  /** Bytes of the last frame that are still to come. */
  #rest = 0;
  /** Start of a header that the end of a chunk has cut. */
  #cutHeader: Buffer | undefined;

  /** Returns the number of frames whose headers end in this chunk. */
  count(chunk: Buffer): number {
    const bytes = this.#cutHeader ? Buffer.concat([this.#cutHeader, chunk]) : chunk;
    this.#cutHeader = undefined;
    let frames = 0;
    let at = this.#rest;
    while (at < bytes.length) {
      const size = frameSize(bytes, at);
      if (size === undefined) {
        // A copy, since a view would keep the whole chunk in memory.
        this.#cutHeader = Buffer.from(bytes.subarray(at));
        at = bytes.length;
        break;
      }
      frames += 1;
      at += size;
    }
    this.#rest = at - bytes.length;
    return frames;
  }
}

/** Returns the size of the frame that begins at `at`, or undefined if its length isn't there yet. */
function frameSize(bytes: Buffer, at: number): number | undefined {
  const second = bytes[at + 1];
  if (second === undefined) return undefined;
  const mask = second >= MASKED ? MASK_BYTES : 0;
  const length = second & (MASKED - 1);
  if (length < LENGTH_16) return 2 + mask + length;
  if (length < LENGTH_64) {
    return at + 4 > bytes.length ? undefined : 4 + mask + bytes.readUInt16BE(at + 2);
  }
  if (at + 10 > bytes.length) return undefined;
  return 10 + mask + bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
}
