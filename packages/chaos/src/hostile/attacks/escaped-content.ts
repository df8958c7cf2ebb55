import type { Attack } from "../attack.ts";
import { clientFrame } from "../attacker/frames.ts";
import { keepSending } from "../attacker/keep-sending.ts";

const CONTENT = "\0".repeat(8_192);
/** Bytes per second: about 4 Mbit/s, as many phones have. */
const SLOW_LINK = 512 * 1024;

/** Each NUL of a content takes six bytes (`\u0000`) in every frame that carries the content. */
export const escapedContent: Attack = {
  name: "escaped-content",
  title: "50 messages a second of 8 KiB of NUL to the public room: 2.4 MB/s to each reader",
  shapes: ["split", "standalone"],
  perSecond: 50,
  unit: "messages",
  // The phases are long because the kernel buffers some MiB for a slow reader before the gateway notices.
  setup: { slowLink: SLOW_LINK, phaseMs: 12_000 },
  run: (attacker) =>
    keepSending(attacker, { next: (n) => clientFrame(JSON.stringify({ content: CONTENT, ref: `r${n}` })) }),
};
