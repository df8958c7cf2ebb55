import { sleep } from "@parley/async";
import type { Redis } from "ioredis";
import type { Observe } from "../../events.ts";
import { textsOf } from "../format/replies.ts";
import type { Address } from "./address.ts";
import { sentinelAddress } from "./client-options.ts";
import { Link } from "./link.ts";

/** Time between two questions to a Sentinel, in ms. It is also asked after each of `FAILOVER_EVENTS`. */
const INTERVAL_MS = 1_000;
const TIMEOUT_MS = 1_000;
/** Sentinel's events: a replica was promoted; a failover is complete. */
const FAILOVER_EVENTS = ["+promoted-slave", "+switch-master"];

/** One Sentinel's answer. Each failover has a greater epoch than the ones before. */
interface NamedMaster {
  readonly epoch: number;
  readonly master: string;
}

/**
 * Learns from the Sentinels that another server has become the master, before the old master knows.
 *
 * After an orderly failover the old master learns of it only about 8 s later. A master that is cut off from the
 * Sentinels, but not from this process, never does. Until then the old master accepts writes that will be discarded,
 * and the end of its log is no longer the log's end (L22).
 *
 * All Sentinels are asked, and the latest answer with the greatest epoch counts. So a Sentinel that is behind never
 * brings back the old master.
 */
export class MasterWatch {
  readonly #sentinels: readonly Link[];
  readonly #masterName: string;
  readonly #onNamed: () => void;
  readonly #closing = new AbortController();
  readonly #polling: Promise<unknown>;
  /** The last answer of each connected Sentinel, by the Sentinel's index. */
  readonly #named = new Map<number, NamedMaster>();

  /** `onNamed` is called when the result of `isSuperseded` may have changed. */
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

  /** Returns true if the Sentinels name another master than `master`. False until a Sentinel has answered. */
  isSuperseded(master: string): boolean {
    const all = [...this.#named.values()];
    const latest = Math.max(...all.map(({ epoch }) => epoch));
    // Sentinels may know one server under several addresses, so one of the latest answers must match.
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
      // A failure is reported by the link's own events, and the other Sentinels are polled too.
      if (client) await sentinel.run((asked) => this.#askForMaster(asked, index)).catch(() => undefined);
      await sleep(INTERVAL_MS, signal);
    }
  }

  async #subscribe(client: Redis, index: number): Promise<void> {
    client.on("message", () => void this.#askForMaster(client, index).catch(() => undefined));
    await client.subscribe(...FAILOVER_EVENTS);
  }

  /**
   * Reads the epoch first, then the address. If a failover comes between the two, the address is newer than the
   * epoch, which does no harm. The other way round, the old address would get the new epoch.
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
