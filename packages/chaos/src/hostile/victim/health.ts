import { readFileSync } from "node:fs";
import { get } from "node:http";
import { sleep } from "@parley/async";
import type { App } from "@parley/local";
import { sumSamples } from "../../cluster/metrics.ts";

const EVERY_MS = 500;
/** Time limit of a health check. Orchestrators usually allow 1 to 5 s. Tests share the machine, so they allow more. */
export const CHECK_TIMEOUT_MS = { full: 3_000, short: 10_000 };

/** Watches the processes of a system from outside, as an orchestrator does. */
export class Health {
  readonly #apps: readonly App[];
  readonly #timeoutMs: number;
  readonly #stopping = new AbortController();
  readonly #running: Promise<unknown>;
  /** Processes that ended, by name, with their exit status. */
  readonly ended = new Map<string, string>();
  /** Health checks that failed, by process. */
  readonly failedChecks = new Map<string, number>();
  /** Largest resident memory of each process so far, in bytes. */
  readonly peakBytes = new Map<string, number>();

  constructor(apps: readonly App[], timeoutMs = CHECK_TIMEOUT_MS.full) {
    this.#apps = apps;
    this.#timeoutMs = timeoutMs;
    const names = namesOf(apps);
    this.#running = Promise.all(apps.map((app, index) => this.#watch(app, names[index] ?? app.name)));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Returns the longest time in ms for which an event loop was blocked since the last call. */
  async takeLoopDelay(): Promise<number> {
    const texts = await Promise.all(this.#apps.map(({ adminUrl }) => this.#answerOf(`${adminUrl}/metrics`)));
    const seconds = texts.map((text) => sumSamples(text ?? "", "nodejs_eventloop_lag_max_seconds", {}) || 0);
    return 1_000 * Math.max(0, ...seconds);
  }

  async #watch(app: App, name: string): Promise<void> {
    const { signal } = this.#stopping;
    void app.exited.then(({ code, signal: killedBy }) => {
      if (!signal.aborted) this.ended.set(name, `${name} with ${killedBy ?? code}`);
    });
    while (!signal.aborted && !this.ended.has(name)) {
      const peak = peakBytesOf(app.pid);
      if (peak !== undefined) this.peakBytes.set(name, peak);
      const answer = await this.#answerOf(`${app.adminUrl}/healthz`);
      if (answer === undefined && !signal.aborted)
        this.failedChecks.set(name, (this.failedChecks.get(name) ?? 0) + 1);
      await sleep(EVERY_MS, signal);
    }
  }

  #answerOf(url: string): Promise<string | undefined> {
    return answerOf(url, this.#timeoutMs);
  }
}

/** Returns the apps' names. If several processes run the same app, numbers are added. */
function namesOf(apps: readonly App[]): string[] {
  return apps.map(({ name }, index) => {
    const same = apps.filter((app) => app.name === name);
    return same.length === 1
      ? name
      : `${name} ${apps.slice(0, index + 1).filter((app) => app.name === name).length}`;
  });
}

/**
 * Requests a URL over a new connection, as a health check does. Resolves with the body, or with undefined if the
 * answer isn't a 200 in time.
 */
function answerOf(url: string, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    get(url, { agent: false, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.once("end", () => resolve(response.statusCode === 200 ? text : undefined));
      response.once("error", () => resolve(undefined));
    }).once("error", () => resolve(undefined));
  });
}

/** Reads the largest resident memory of a process from Linux' /proc. Undefined if the process has ended. */
function peakBytesOf(pid: number): number | undefined {
  try {
    return parsePeakBytes(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    // The process has ended, which `exited` reports.
    return undefined;
  }
}

function parsePeakBytes(status: string): number | undefined {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1_024;
}
