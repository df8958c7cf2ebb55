const LENGTH_16 = 126;
const HEAD = 2;

/** Called for each frame. The payload begins at `start` in `data`, which is valid only during the call. */
export type VisitFrame = (opcode: number, data: Buffer, start: number, length: number) => void;

/**
 * Finds the frames in a server's byte stream (RFC 6455, unmasked) without copying or decoding them. A load generator
 * that parsed each message, as a client does, would saturate before the server does.
 */
export class FrameScanner {
  #rest: Buffer | undefined;

  scan(chunk: Buffer, visit: VisitFrame): void {
    const data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    while (at + HEAD <= data.length) {
      const short = (data[at + 1] ?? 0) & 0x7f;
      const head = short < LENGTH_16 ? HEAD : short === LENGTH_16 ? 4 : 10;
      if (at + head > data.length) break;
      const length = payloadLength(data, at, short);
      if (at + head + length > data.length) break;
      visit((data[at] ?? 0) & 0x0f, data, at + head, length);
      at += head + length;
    }
    this.#rest = at < data.length ? data.subarray(at) : undefined;
  }
}

function payloadLength(data: Buffer, at: number, short: number): number {
  if (short < LENGTH_16) return short;
  return short === LENGTH_16 ? data.readUInt16BE(at + HEAD) : Number(data.readBigUInt64BE(at + HEAD));
}
