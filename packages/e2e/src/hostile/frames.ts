import type { Dice } from "./dice.ts";

const OPCODES = [1, 1, 1, 1, 2, 0, 8, 9, 10, 3, 15] as const;
const TEXTS = [
  '{"content":"hello","ref":"r1"}',
  '{"to":"bob","content":"hello"}',
  '{"type":"auth","token":"a.b.c"}',
  '{"type":"__proto__"}',
  '{"to":{"$ne":1},"content":"x"}',
  '{"content":"\\ud800"}',
  '{"content":"x","meta":{"a":[1.50,null]},"ref":"m"}',
  `{"content":"x","meta":${"[".repeat(2_000)}${"]".repeat(2_000)}}`,
  '{"type":"read","with":"bob","id":"1752674400123-0000000000-00"}',
  '{"type":"read","with":"","id":"9999999999999-9999999999-00"}',
  '{"type":"read","with":"a:b","id":"\\u0000"}',
  '{"type":"read","with":{"$gt":""},"id":{"$gt":""}}',
  "[".repeat(2_000),
  "null",
  "",
] as const;

/** Returns a random WebSocket frame of a client. It may be invalid. */
export function randomFrame(dice: Dice): Buffer {
  const payload = payloadOf(dice);
  const opcode = dice.pick(OPCODES);
  const isFinal = !dice.once(6);
  const isMasked = !dice.once(10);
  const reserved = dice.once(12) ? dice.number(8) << 4 : 0;
  const first = (isFinal ? 0x80 : 0) | reserved | opcode;
  const length = dice.once(10) ? dice.pick([0, 1, 126, 65_537, 2 ** 40]) : payload.length;
  const head = Buffer.concat([Buffer.from([first]), lengthBytes(length, isMasked)]);
  if (!isMasked) return Buffer.concat([head, payload]);
  const mask = dice.bytes(4);
  return Buffer.concat([head, mask, payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))]);
}

function payloadOf(dice: Dice): Buffer {
  if (dice.once(6)) return dice.bytes(dice.number(200));
  if (dice.once(15)) return Buffer.alloc(dice.pick([126, 9_000, 66_000]), "x");
  return Buffer.from(dice.pick(TEXTS));
}

function lengthBytes(length: number, isMasked: boolean): Buffer {
  const bit = isMasked ? 0x80 : 0;
  if (length < 126) return Buffer.from([bit | length]);
  if (length < 65_536) return Buffer.from([bit | 126, length >> 8, length & 0xff]);
  const bytes = Buffer.alloc(9);
  bytes[0] = bit | 127;
  bytes.writeBigUInt64BE(BigInt(length), 1);
  return bytes;
}
