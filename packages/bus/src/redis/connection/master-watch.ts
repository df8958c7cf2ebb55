import { sleep } from "@parley/async";
import type { Redis } from "ioredis";
import type { Observe } from "../../events.ts";
import { textsOf } from "../format/replies.ts";
import type { Address } from "./address.ts";
import { sentinelAddress } from "./client-options.ts";
import { Link } from "./link.ts";

/** Asked so often, and whenever a Sentinel says of itself that a replica was promoted, or a failover is done. */
const INTERVAL_MS = 1_000;
const TIMEOUT_MS = 1_000;
const NEWS = ["+promoted-slave", "+switch-master"];

/** Whom a Sentinel calls the master. A failover has a greater epoch than those before it. */
interface Named {
  readonly epoch: number;
  readonly master: string;
}

/**
 * Knows from the Sentinels when another server has become the master, while the old one may not know yet: after an
 * orderly failover it is told only some 8 s later, and one that is cut off from the Sentinels, and not from us, is
 * not told at all. Until then it takes what will be thrown away, and its log's end is the end no more (L22).
 *
 * All Sentinels are asked, and of what they said last the greatest epoch counts, so that one which is behind leads
 * nobody back.
 */
export class MasterWatch {
  readonly #sentinels: readonly Link[];
  readonly #name: string;
  readonly #onNamed: () => void;
  readonly #closing = new AbortController();
  readonly #watched: Promise<unknown>;
  /** By the Sentinel's number, for as long as it is there. */
  readonly #named = new Map<number, Named>();

  /** `onNamed` is called when `isLeft` may have another answer. */
  constructor(
    address: Address,
    { observe, onNamed }: { readonly observe: Observe; readonly onNamed: () => void },
  ) {
    this.#name = address.sentinel?.master ?? "";
    this.#onNamed = onNamed;
    this.#sentinels = address.endpoints.map(
      (endpoint, number) =>
        new Link({
          address: sentinelAddress(address, endpoint),
          role: `sentinel-${number + 1}`,
          observe,
          commandTimeoutMs: TIMEOUT_MS,
          prepare: (client) => this.#listen(client, number),
          onDown: () => this.#named.delete(number),
        }),
    );
    this.#watched = Promise.all(this.#sentinels.map((sentinel, number) => this.#watch(sentinel, number)));
  }

  /** Whether another server than the one at this address has been named. Nothing is left before one was. */
  isLeft(master: string): boolean {
    const all = [...this.#named.values()];
    const latest = Math.max(...all.map(({ epoch }) => epoch));
    // Sentinels may call one server by several names.
    return all.length > 0 && !all.some((named) => named.epoch === latest && named.master === master);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#sentinels.map((sentinel) => sentinel.close()));
    await this.#watched;
  }

  async #watch(sentinel: Link, number: number): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const client = await sentinel.ready(signal).catch(() => undefined);
      // Not to be able to is what the connection's own events tell; the others are asked, too.
      if (client) await sentinel.run((asked) => this.#ask(asked, number)).catch(() => undefined);
      await sleep(INTERVAL_MS, signal);
    }
  }

  async #listen(client: Redis, number: number): Promise<void> {
    client.on("message", () => void this.#ask(client, number).catch(() => undefined));
    await client.subscribe(...NEWS);
  }

  /** First the epoch, then the address: one that is newer than its epoch does no harm, an older one would. */
  async #ask(client: Redis, number: number): Promise<void> {
    const fields = textsOf(await client.call("SENTINEL", "MASTER", this.#name));
    const [host, port] = textsOf(await client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", this.#name));
    const epoch = Number(fields[fields.indexOf("config-epoch") + 1]);
    if (Number.isNaN(epoch) || host === undefined) return;
    this.#named.set(number, { epoch, master: `${host}:${port}` });
    this.#onNamed();
  }
}
