import type { Exit } from "./child.ts";

/** A process that can be started again: an app or a server. */
export interface Restartable {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  restart(): Promise<void>;
  stop(): Promise<unknown>;
}

/** Events of a supervised process. `againInMs` is the wait before the restart. */
export type SupervisionEvent =
  | { readonly type: "died"; readonly name: string; readonly exit: Exit; readonly againInMs: number }
  | { readonly type: "restarted"; readonly name: string; readonly pid: number }
  | { readonly type: "restart_failed"; readonly name: string; readonly error: unknown };

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** If a process has run longer than this, the wait before its next restart is FIRST_WAIT_MS again. */
const STEADY_MS = 30_000;

/**
 * Restarts a process whenever it exits, until `stop` stops it for good. The wait before a restart doubles with each
 * failure, from half a second to 15 s, with a jitter of 20 %.
 */
export function supervise(
  name: string,
  process: Restartable,
  observe: (event: SupervisionEvent) => void,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const loop = keepAlive(name, process, observe, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await process.stop();
      await loop;
    },
  };
}

async function keepAlive(
  name: string,
  process: Restartable,
  observe: (event: SupervisionEvent) => void,
  stopping: AbortSignal,
): Promise<void> {
  let failures = 0;
  let startedAt = performance.now();
  while (true) {
    const exit = await process.exited;
    if (stopping.aborted) return;
    if (performance.now() - startedAt > STEADY_MS) failures = 0;
    const againInMs = waitBefore(++failures);
    observe({ type: "died", name, exit, againInMs });
    await delay(againInMs, stopping);
    if (stopping.aborted) return;
    startedAt = performance.now();
    try {
      await process.restart();
      // `stop` was called during the restart, when it could only stop the old process.
      if (stopping.aborted) return void (await process.stop());
      observe({ type: "restarted", name, pid: process.pid });
    } catch (error) {
      // After a failed restart the process isn't running, so the loop continues as after any other exit.
      if (!stopping.aborted) observe({ type: "restart_failed", name, error });
    }
  }
}

function waitBefore(attempt: number): number {
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
  return Math.round(wait * (0.8 + 0.4 * Math.random()));
}

/** Resolves after `ms`, or as soon as the signal is aborted. */
function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
