/** Opcodes of RFC 6455. */
export const OPCODE = { continuation: 0x0, text: 0x1, pong: 0xa } as const;

const FIN = 0x80;
const MASKED = 0x80;
const MASK_BYTES = 4;
/** The longest payload with a 16-bit length. Attacks need no longer ones. */
const MAX_LENGTH = 0xffff;

/**
 * Builds a frame that is masked, as RFC 6455 requires of clients. The mask is all zeros, which is valid and needs no
 * XOR.
 */
export function clientFrame(payload: string, opcode: number = OPCODE.text, isLast = true): Buffer {
  const length = Buffer.byteLength(payload);
  if (length > MAX_LENGTH) throw new RangeError(`a frame has at most ${MAX_LENGTH} bytes, not ${length}`);
  const head = (length < 126 ? 2 : 4) + MASK_BYTES;
  const frame = Buffer.alloc(head + length);
  frame[0] = (isLast ? FIN : 0) | opcode;
  frame[1] = MASKED | Math.min(length, 126);
  if (length >= 126) frame.writeUInt16BE(length, 2);
  frame.write(payload, head);
  return frame;
}

/** Repeats bytes until they fill about `size` bytes. */
export function repeated(bytes: Buffer, size: number): Buffer {
  return Buffer.concat(Array.from({ length: Math.ceil(size / bytes.length) }, () => bytes));
}
