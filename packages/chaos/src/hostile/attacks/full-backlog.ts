import type { Attack } from "../attack.ts";
import { clientFrame } from "../attacker/frames.ts";
import { keepSending } from "../attacker/keep-sending.ts";
import type { Target } from "../target/target.ts";

/** Small bounds and a high rate, so that one account could fill everything within seconds instead of an hour. */
const MAX_ENTRIES = 3_000;
const MAX_BYTES = 8 * 2 ** 20;
const RATE_LIMIT = 1_000;

const shared = {
  shapes: ["split"],
  unit: "messages",
} as const;

const stopMongo = {
  hasNoHistory: true,
  beforePhase: ({ stopStoring }: Target) => stopStoring(),
  afterPhase: ({ resumeStoring }: Target) => resumeStoring(),
} as const;

/** While MongoDB is stopped, every message occupies an entry of the backlog, which all accounts share. */
export const fullBacklog: Attack = {
  ...shared,
  name: "full-backlog",
  title: `one account sends while MongoDB is stopped; the backlog holds ${MAX_ENTRIES} messages`,
  perSecond: 1_000,
  setup: {
    ...stopMongo,
    env: { BACKLOG_MAX_ENTRIES: String(MAX_ENTRIES), RATE_LIMIT: String(RATE_LIMIT) },
  },
  run: (attacker) => keepSending(attacker, { next: (n) => message(n, "x") }),
};

/** The same attack on the backlog's limit in bytes. */
export const fullBacklogBytes: Attack = {
  ...shared,
  name: "full-backlog-bytes",
  title: `the same with messages of 8,000 bytes; the backlog holds ${MAX_BYTES / 2 ** 20} MiB`,
  perSecond: 500,
  setup: {
    ...stopMongo,
    env: { BACKLOG_MAX_BYTES: String(MAX_BYTES), RATE_LIMIT: String(RATE_LIMIT) },
  },
  run: (attacker) => keepSending(attacker, { next: (n) => message(n, "x".repeat(8_000)) }),
};

function message(n: number, content: string): Buffer {
  return clientFrame(JSON.stringify({ to: "mallory-1", content, ref: `r${n}` }));
}
