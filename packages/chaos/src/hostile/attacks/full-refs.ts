import { sleep } from "@parley/async";
import type { Attack } from "../attack.ts";
import { clientFrame } from "../attacker/frames.ts";
import { keepSending } from "../attacker/keep-sending.ts";
import { sendAtOnce } from "../victim/crowd.ts";

const MAX_REFS = 4_000;
/** Together these use a little more than half of MAX_REFS, so each sender may add only a share of the rest (L5). */
const CROWD = { users: 11, messages: 190 };
const WINDOW_MS = 8_000;
/**
 * Time after which all refs are forgotten: a ref is known for the window, and for up to half a window more (L5). Each of
 * the three hashes is emptied by the first call after it is due, and idle gateways call at least every 2 s.
 */
const FORGOTTEN_MS = 1.5 * WINDOW_MS + 3 * 2_000;

/**
 * The log remembers each ref for a window. All accounts share the maximum number of refs. Others have used half of it before
 * each phase, so one account can try to take the rest at the default rate.
 */
export const fullRefs: Attack = {
  name: "full-refs",
  title: `one account sends messages with new refs; the log remembers ${MAX_REFS} refs, and others have used half of them`,
  shapes: ["split"],
  perSecond: 100,
  unit: "messages",
  setup: {
    env: { DEDUPE_MAX_REFS: String(MAX_REFS), DEDUPE_WINDOW_MS: String(WINDOW_MS) },
    beforePhase: async (target) => {
      await sendAtOnce(target, CROWD);
      await target.untilStored();
    },
    afterPhase: () => sleep(FORGOTTEN_MS),
  },
  run: (attacker) =>
    keepSending(attacker, {
      next: (n) => clientFrame(JSON.stringify({ to: "mallory-1", content: "x", ref: `r${n}` })),
    }),
};
