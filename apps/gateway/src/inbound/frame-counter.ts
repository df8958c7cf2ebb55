const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASKED = 0x80;
const MASK_BYTES = 4;

/**
 * Counts the WebSocket frames in the bytes of one connection by their headers (RFC 6455, 5.2), whatever their kind.
 * The events of ws aren't enough: ws reports only the last fragment of a message, and reports control frames only
 * after it has parsed them.
 *
 * The bytes may be cut anywhere. If they aren't valid frames, the number has no meaning, but ws then ends the
 * connection.
 */
export class FrameCounter {
  /** Bytes of the last frame that haven't arrived yet. */
  #rest = 0;
  /** Start of a header that continues in the next chunk. */
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
        // A copy, because a view would keep the whole chunk in memory.
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

/**
 * Returns the size of the frame that begins at `at`, or undefined if the bytes with its length haven't arrived yet.
 */
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
