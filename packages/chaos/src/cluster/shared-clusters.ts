import { type Cluster, type ClusterOptions, startCluster } from "./cluster.ts";
import { deleteStored } from "./log-inspection.ts";

/** Provides a cluster for each trial. */
export interface Clusters {
  acquire(options?: ClusterOptions): Promise<Cluster>;
  /** Takes a cluster back. `isHealthy`: every guarantee held, so another trial may use the cluster. */
  release(cluster: Cluster, isHealthy: boolean): Promise<void>;
}

/** Starts a new cluster for each trial. */
export const NEW_CLUSTERS: Clusters = { acquire: startCluster, release: (cluster) => cluster.stop() };

/**
 * Passes a cluster on to the next trial, because starting its processes takes longer than a short trial. Stops
 * clusters in which a guarantee didn't hold, and those that were started with options for one fault. The owner must
 * call `close`.
 */
export class SharedClusters implements Clusters {
  readonly #start: typeof startCluster;
  readonly #clear: (cluster: Cluster) => Promise<void>;
  /** The clusters that may be passed on. */
  readonly #shared = new Set<Cluster>();
  readonly #idle: Cluster[] = [];

  constructor(start = startCluster, clear = deleteStored) {
    this.#start = start;
    this.#clear = clear;
  }

  async acquire(options?: ClusterOptions): Promise<Cluster> {
    if (options) return this.#start(options);
    const cluster = this.#idle.pop() ?? (await this.#start());
    this.#shared.add(cluster);
    return cluster;
  }

  async release(cluster: Cluster, isHealthy: boolean): Promise<void> {
    if (!isHealthy || !this.#shared.has(cluster)) return cluster.stop();
    try {
      await this.#clear(cluster);
    } catch {
      // The store may still be busy. The next trial then gets another cluster.
      return cluster.stop();
    }
    this.#idle.push(cluster);
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((cluster) => cluster.stop()));
  }
}
