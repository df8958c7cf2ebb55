import { setTimeout as delay } from "node:timers/promises";
import { raceAbort, sleep } from "@parley/async";

const PAUSE_MS = 200;
const RECONNECT_MS = 100;
/** An answer that took longer shows that the fault had an effect. */
const SLOW_MS = 1_000;

class TooLate extends Error {
  override readonly name = "TooLate";
}

/**
 * Requests for history that are measured: each must get status 200 or 503 within a limit. A request is repeated while
 * there is no connection, because a process that is being restarted can't answer.
 */
export class HistoryProbe {
  complete = 0;
  refused = 0;
  slowestMs = 0;
  /** Requests that waited for long or were refused. */
  struck = 0;
  readonly #url: string;
  readonly #limitMs: number;
  readonly #problems = new Map<string, number>();

  constructor(url: string, limitMs: number) {
    this.#url = url;
    this.#limitMs = limitMs;
  }

  /** Each kind of violation in one line, with its number. */
  get problems(): string[] {
    return [...this.#problems].map(([text, count]) => `${text} (${count} times)`);
  }

  /** Requests the paths in turn until the signal is aborted. Then resolves once the last request has its status. */
  async run(paths: readonly string[], token: string, stop: AbortSignal): Promise<void> {
    for (let n = 0; !stop.aborted; n += 1) {
      await this.request(paths[n % paths.length] ?? "", token, stop);
      await sleep(PAUSE_MS, stop);
    }
  }

  /**
   * Sends one request. Resolves once its answer is complete or was cut off, or once it has its status if `stop` is
   * aborted.
   */
  async request(path: string, token: string, stop: AbortSignal): Promise<void> {
    const startedMs = performance.now();
    const end = new AbortController();
    try {
      const response = await this.#within(this.#answerTo(path, token, end.signal));
      this.#count(response.status, performance.now() - startedMs);
      if (response.status === 200) await this.#read(response, stop);
      else if (response.status !== 503) this.#add(`a request for history had status ${response.status}`);
      else if (!response.headers.has("retry-after")) this.#add("a 503 had no Retry-After");
    } catch (error) {
      this.#count(0, performance.now() - startedMs);
      this.#add(`a request for history had no answer: ${error}`);
    } finally {
      end.abort();
    }
  }

  /** Requests a path again and again until there is an answer. */
  async #answerTo(path: string, token: string, end: AbortSignal): Promise<Response> {
    const headers = { authorization: `Bearer ${token}` };
    for (;;) {
      const response = await fetch(this.#url + path, { headers, signal: end }).catch(() => undefined);
      if (response) return response;
      await delay(RECONNECT_MS, undefined, { signal: end });
    }
  }

  #count(status: number, ms: number): void {
    this.slowestMs = Math.max(this.slowestMs, ms);
    if (status !== 200) this.refused += 1;
    if (status !== 200 || ms > SLOW_MS) this.struck += 1;
  }

  /** Reads the body. It may be cut off, but each part must arrive within the limit. */
  async #read({ body }: Response, stop: AbortSignal): Promise<void> {
    try {
      const reader = body?.getReader();
      for (let isDone = reader === undefined; reader && !isDone; )
        isDone = (await raceAbort(this.#within(reader.read()), stop)).done;
      if (!stop.aborted) this.complete += 1;
    } catch (error) {
      if (error instanceof TooLate) this.#add(`a part of an answer didn't arrive: ${error}`);
    }
  }

  async #within<T>(work: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new TooLate(`nothing for ${this.#limitMs / 1000} s`)),
      this.#limitMs,
    );
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #add(problem: string): void {
    this.#problems.set(problem, (this.#problems.get(problem) ?? 0) + 1);
  }
}
