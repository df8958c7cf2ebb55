import { sleep } from "@parley/async";
import type { Message } from "@parley/client";
import type { Cluster, ClusterApp } from "../cluster/cluster.ts";
import type { Observation } from "../workload/ledger.ts";

const PAGE_SIZE = 20;
const PAUSE_MS = 200;
const TIMEOUT_MS = 12_000;

interface Page {
  readonly messages: readonly Message[];
  readonly cursor: string;
  readonly more: boolean;
}

/**
 * Follows the log with the cursor of `/sync`, and asks each history-api in turn. So each cursor that one build gives is
 * used with the other. Records what it reads, for the checker.
 */
export class SyncReader {
  /** Number of pages that were answered. */
  pages = 0;
  /** The longest time between two answers in ms. */
  longestWaitMs = 0;
  readonly #observation: Observation;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  /** Starts after the message with the id `observation.since`. */
  constructor(cluster: Cluster, observation: Observation) {
    this.#observation = observation;
    this.#running = this.#run(cluster);
  }

  /** Stops reading. From then on the observation has its end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run({ historyApis, token }: Cluster): Promise<void> {
    const { signal } = this.#stopping;
    const { seen, user, since } = this.#observation;
    const authorization = `Bearer ${await token(user)}`;
    let cursor = since;
    let answeredMs = performance.now();
    for (let turn = 0; !signal.aborted; turn += 1) {
      const api = historyApis[turn % historyApis.length];
      const page = api && (await readPage(api, cursor, authorization).catch(() => undefined));
      this.longestWaitMs = Math.max(this.longestWaitMs, performance.now() - answeredMs);
      if (page) {
        answeredMs = performance.now();
        this.pages += 1;
        seen.push(...page.messages);
        cursor = page.cursor;
      }
      if (!page?.more) await sleep(PAUSE_MS, signal);
    }
    this.#observation.until = cursor;
  }
}

/** Rejects unless the answer is complete. */
async function readPage({ app }: ClusterApp, after: string, authorization: string): Promise<Page> {
  const response = await fetch(`${app.url}/sync?limit=${PAGE_SIZE}&after=${after}`, {
    headers: { authorization },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`/sync answered with status ${response.status}`);
  return (await response.json()) as Page;
}
