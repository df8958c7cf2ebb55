import { sleep } from "@parley/async";
import type { Store } from "@parley/store";
import { reasonOf } from "../errors.ts";
import type { Observe } from "../events.ts";

const PING_INTERVAL_MS = 2_000;

/** Pings the store, so that a server whose store is down reports that it isn't ready. */
export class StoreWatch {
  readonly #store: Pick<Store, "ping">;
  readonly #observe: Observe;
  #problem: string | undefined = "the store has not answered yet";

  constructor(store: Pick<Store, "ping">, observe: Observe) {
    this.#store = store;
    this.#observe = observe;
  }

  /** Reason why the store can't be read now, or undefined if it answers. */
  problem(): string | undefined {
    return this.#problem;
  }

  /** Pings the store until `signal` is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    for (let isUp: boolean | undefined; !signal.aborted; ) {
      const reason = await this.#store.ping().then(() => undefined, reasonOf);
      if (reason === undefined) this.#problem = undefined;
      else this.#problem = `the store does not answer: ${reason}`;
      if (reason === undefined && isUp === false) this.#observe({ type: "store-up" });
      if (reason !== undefined && isUp !== false) this.#observe({ type: "store-down", reason });
      isUp = reason === undefined;
      await sleep(PING_INTERVAL_MS, signal);
    }
  }
}
