import { setTimeout as delay } from "node:timers/promises";
import { machineTicks } from "./proc.ts";

/** Other processes may use this share of all cores, else the machine isn't quiet. */
export const QUIET_SHARE = 0.1;
/** Duration of one look. A shorter one has too few ticks of 10 ms. */
const LOOK_MS = 500;

/** The looks before all turns of a run, for the report. */
export interface Quietness {
  /** Turns that began, and those among them before which the machine wasn't quiet. */
  readonly turns: number;
  readonly noisy: number;
  /** The highest share of all cores that other processes used before a noisy turn. */
  readonly worst: number;
  readonly waitedSeconds: number;
}

/** Waits for a quiet machine before each turn, as long as the time for all turns together lasts. */
export class QuietWait {
  #leftMs: number;
  #waitedMs = 0;
  #turns = 0;
  #noisy = 0;
  #worst = 0;
  readonly #look: (ms: number) => Promise<number>;

  /** `look` resolves with the share of all cores that was in use during a time. */
  constructor({ seconds, look = busyShare }: { seconds: number; look?: (ms: number) => Promise<number> }) {
    this.#leftMs = seconds * 1000;
    this.#look = look;
  }

  /** Resolves once the machine is quiet or the time is used up. The first look of a turn costs no time. */
  async untilQuiet(log: (text: string) => void): Promise<void> {
    this.#turns += 1;
    let share = await this.#look(LOOK_MS);
    if (share > QUIET_SHARE && this.#leftMs > 0)
      log(`waiting for other processes, which use ${percent(share)} of the machine`);
    while (share > QUIET_SHARE && this.#leftMs > 0) {
      share = await this.#look(LOOK_MS);
      this.#waitedMs += LOOK_MS;
      this.#leftMs -= LOOK_MS;
    }
    if (share <= QUIET_SHARE) return;
    this.#noisy += 1;
    this.#worst = Math.max(this.#worst, share);
    log(`NOT QUIET: other processes use ${percent(share)} of the machine, and the time to wait is used up`);
  }

  get result(): Quietness {
    const { turns, noisy, worst } = { turns: this.#turns, noisy: this.#noisy, worst: this.#worst };
    return { turns, noisy, worst, waitedSeconds: this.#waitedMs / 1000 };
  }
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** Measures the share of all cores that is in use during `ms`. */
async function busyShare(ms: number): Promise<number> {
  const before = machineTicks();
  await delay(ms);
  const after = machineTicks();
  return 1 - (after.idle - before.idle) / Math.max(1, after.total - before.total);
}
