import { randomFrom } from "@parley/testkit";

/** One step of F26: a pause, then a signal to one process, which is dead or frozen for `durationMs`. */
export interface SignalStep {
  readonly pauseMs: number;
  /** Index of the process. */
  readonly target: number;
  readonly signal: "SIGKILL" | "SIGSTOP";
  readonly durationMs: number;
}

const PAUSE_MS = { min: 100, max: 2_000 };
/** Short enough that a request for history is answered in time, although history-api itself is frozen. */
const DURATION_MS = { min: 100, max: 3_000 };

/** Generates an endless schedule of signals to `processes` processes that is the same for the same seed. */
export function* signals(seed: number, processes: number): Generator<SignalStep, never, void> {
  const random = randomFrom(seed);
  const between = ({ min, max }: { min: number; max: number }) => Math.round(min + random() * (max - min));
  for (;;) {
    const pauseMs = between(PAUSE_MS);
    const target = Math.floor(random() * processes);
    const signal = random() < 0.5 ? "SIGKILL" : "SIGSTOP";
    yield { pauseMs, target, signal, durationMs: between(DURATION_MS) };
  }
}
