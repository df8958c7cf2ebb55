/** Opcodes of RFC 6455. */
export const TEXT = 0x1;
export const PING = 0x9;
export const PONG = 0xa;

const FIN = 0x80;
const MASKED = 0x80;
const MASK_BYTES = 4;
/** The longest payload with a 16-bit length. Longer payloads aren't supported. */
const MAX_LENGTH = 0xffff;

/** Builds a masked frame, as clients must send it. The mask is all zeros, which is valid and needs no XOR. */
export function clientFrame(opcode: number, payload: string | Buffer): Buffer {
  const length = Buffer.byteLength(payload);
  if (length > MAX_LENGTH) throw new RangeError(`a frame has at most ${MAX_LENGTH} bytes, not ${length}`);
  const head = (length < 126 ? 2 : 4) + MASK_BYTES;
  const frame = Buffer.alloc(head + length);
  frame[0] = FIN | opcode;
  if (length < 126) {
    frame[1] = MASKED | length;
  } else {
    frame[1] = MASKED | 126;
    frame.writeUInt16BE(length, 2);
  }
  if (typeof payload === "string") frame.write(payload, head);
  else payload.copy(frame, head);
  return frame;
}
