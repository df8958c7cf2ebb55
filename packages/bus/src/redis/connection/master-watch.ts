import { sleep } from "@parley/async";
import type { Redis } from "ioredis";
import type { Observe } from "../../events.ts";
import { textsOf } from "../format/replies.ts";
import type { Address } from "./address.ts";
import { sentinelAddress } from "./client-options.ts";
import { Link } from "./link.ts";

/** Each Sentinel is asked for the master at this interval, in ms, and also after each of `FAILOVER_EVENTS`. */
const INTERVAL_MS = 1_000;
const TIMEOUT_MS = 1_000;
/** Sentinel's names of two events: a replica was promoted, and a failover is complete. */
const FAILOVER_EVENTS = ["+promoted-slave", "+switch-master"];

/** One Sentinel's answer: the master's address and the failover's epoch. Each failover has a greater epoch. */
interface NamedMaster {
  readonly epoch: number;
  readonly master: string;
}

/**
 * Learns from the Sentinels that another server has become the master, before the old master knows.
 *
 * After an orderly failover, the old master learns of it only about 8 s later. If the old master is cut off from the
 * Sentinels but not from this process, it never learns of the failover. Meanwhile the old master accepts writes that
 * will be discarded, and the end of its log is no longer the log's end (L22).
 *
 * All Sentinels are asked, and only the answers with the greatest epoch are used. So a Sentinel that hasn't noticed the
 * failover yet can't make the old master current again.
 */
export class MasterWatch {
  readonly #sentinels: readonly Link[];
  readonly #masterName: string;
  readonly #onNamed: () => void;
  readonly #closing = new AbortController();
  readonly #polling: Promise<unknown>;
  /** The last answer of each connected Sentinel, by the Sentinel's index. */
  readonly #named = new Map<number, NamedMaster>();

  /** `onNamed` is called after each answer of a Sentinel, because it may change the result of `isSuperseded`. */
  constructor(
    address: Address,
    { observe, onNamed }: { readonly observe: Observe; readonly onNamed: () => void },
  ) {
    this.#masterName = address.sentinel?.master ?? "";
    this.#onNamed = onNamed;
    this.#sentinels = address.endpoints.map(
      (endpoint, index) =>
        new Link({
          address: sentinelAddress(address, endpoint),
          role: `sentinel-${index + 1}`,
          observe,
          commandTimeoutMs: TIMEOUT_MS,
          prepare: (client) => this.#subscribe(client, index),
          onDown: () => this.#named.delete(index),
        }),
    );
    this.#polling = Promise.all(this.#sentinels.map((sentinel, index) => this.#poll(sentinel, index)));
  }

  /** Returns true if the Sentinels name another master than `master`, and false until a Sentinel has answered. */
  isSuperseded(master: string): boolean {
    const all = [...this.#named.values()];
    const latest = Math.max(...all.map(({ epoch }) => epoch));
    // Sentinels may know the same server under different addresses, so it is enough that one latest answer matches.
    return all.length > 0 && !all.some((named) => named.epoch === latest && named.master === master);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#sentinels.map((sentinel) => sentinel.close()));
    await this.#polling;
  }

  async #poll(sentinel: Link, index: number): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const client = await sentinel.ready(signal).catch(() => undefined);
      // Nothing to do on a failure: the link's own events report it, and the other Sentinels are polled too.
      if (client) await sentinel.run((asked) => this.#askForMaster(asked, index)).catch(() => undefined);
      await sleep(INTERVAL_MS, signal);
    }
  }

  async #subscribe(client: Redis, index: number): Promise<void> {
    client.on("message", () => void this.#askForMaster(client, index).catch(() => undefined));
    await client.subscribe(...FAILOVER_EVENTS);
  }

  /**
   * Reads the epoch first, then the address. If a failover happens between the two reads, the new address gets the old
   * epoch, which does no harm. In the opposite order, the old address could get the new epoch.
   */
  async #askForMaster(client: Redis, index: number): Promise<void> {
    const fields = textsOf(await client.call("SENTINEL", "MASTER", this.#masterName));
    const [host, port] = textsOf(await client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", this.#masterName));
    const epoch = Number(fields[fields.indexOf("config-epoch") + 1]);
    if (Number.isNaN(epoch) || host === undefined) return;
    this.#named.set(index, { epoch, master: `${host}:${port}` });
    this.#onNamed();
  }
}
