import type { Logger } from "../logging/logger.ts";

/** Closes one resource. */
export type Close = () => Promise<void> | void;

/** The resources that a process has started. Closes them in reverse order, each once. */
export class Closers {
  readonly #stack: { readonly name: string; readonly close: Close }[] = [];
  readonly #log: Logger;
  #current: string | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Adds a resource. If `run` is already closing, the new resource is closed next. */
  push(name: string, close: Close): void {
    this.#stack.push({ name, close });
  }

  /** The name of the resource that is being closed. */
  get current(): string | undefined {
    return this.#current;
  }

  /**
   * Closes all resources. If one fails, logs the failure and closes the others. Resolves with true if none failed.
   */
  async run(): Promise<boolean> {
    let isClean = true;
    for (let next = this.#stack.pop(); next; next = this.#stack.pop()) {
      this.#current = next.name;
      try {
        await next.close();
        this.#log.debug({ closed: next.name }, "closed");
      } catch (err) {
        isClean = false;
        this.#log.error({ err, closing: next.name }, "closing failed");
      }
    }
    this.#current = undefined;
    return isClean;
  }
}
