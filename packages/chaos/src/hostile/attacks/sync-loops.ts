import type { Attack } from "../attack.ts";

const LOOPS = 8;
const CONTENT_BYTES = 400;
const PAGE = 1_000;

/** Each loop requests the largest page again as soon as the last answer has arrived. */
export const syncLoops: Attack = {
  name: "sync-loops",
  title: `${LOOPS} loops of \`GET /sync?limit=${PAGE}\``,
  shapes: ["split", "standalone"],
  perSecond: 400,
  unit: "requests",
  setup: {
    stored: [{ from: "mallory-0", to: "mallory-1", count: PAGE, bytes: CONTENT_BYTES }],
    answerBytes: PAGE * (CONTENT_BYTES + 140),
  },
  run: (attacker) =>
    attacker.inParallel(LOOPS, async () => {
      while (await attacker.turn()) await attacker.get(`/sync?limit=${PAGE}`);
    }),
};
