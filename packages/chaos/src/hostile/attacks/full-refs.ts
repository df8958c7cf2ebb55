import { sleep } from "@parley/async";
import type { Attack } from "../attack.ts";
import { clientFrame } from "../attacker/frames.ts";
import { keepSending } from "../attacker/keep-sending.ts";

const MAX_REFS = 3_000;
const WINDOW_MS = 4_000;
/**
 * Time after which all refs are forgotten: a ref is known for the window, and for up to half a window more (L5). Each of
 * the three hashes is emptied by the first call after it is due, and idle gateways call at least every 2 s.
 */
const FORGOTTEN_MS = 1.5 * WINDOW_MS + 3 * 2_000;

/** The log remembers each ref for a window. All accounts share the maximum number of refs. */
export const fullRefs: Attack = {
  name: "full-refs",
  title: `one account sends messages with new refs; the log remembers ${MAX_REFS} refs`,
  shapes: ["split"],
  perSecond: 1_000,
  unit: "messages",
  setup: {
    env: { DEDUPE_MAX_REFS: String(MAX_REFS), DEDUPE_WINDOW_MS: String(WINDOW_MS), RATE_LIMIT: "1000" },
    afterPhase: () => sleep(FORGOTTEN_MS),
  },
  run: (attacker) =>
    keepSending(attacker, {
      next: (n) => clientFrame(JSON.stringify({ to: "mallory-1", content: "x", ref: `r${n}` })),
    }),
};
