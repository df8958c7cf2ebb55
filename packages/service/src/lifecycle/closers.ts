import type { Logger } from "../logging/logger.ts";

export type Close = () => Promise<void> | void;

/** What has been started, to be closed in reverse order, each once. */
export class Closers {
  readonly #stack: { readonly name: string; readonly close: Close }[] = [];
  readonly #log: Logger;
  #current: string | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Also while `run` is at work: then it is the next one closed. */
  push(name: string, close: Close): void {
    this.#stack.push({ name, close });
  }

  /** What is being closed at this moment. */
  get current(): string | undefined {
    return this.#current;
  }

  /** Resolves with whether each of them closed well. One that fails is logged and keeps no other from closing. */
  async run(): Promise<boolean> {
    let well = true;
    for (let next = this.#stack.pop(); next; next = this.#stack.pop()) {
      this.#current = next.name;
      try {
        await next.close();
        this.#log.debug({ closed: next.name }, "closed");
      } catch (err) {
        well = false;
        this.#log.error({ err, closing: next.name }, "closing failed");
      }
    }
    this.#current = undefined;
    return well;
  }
}
