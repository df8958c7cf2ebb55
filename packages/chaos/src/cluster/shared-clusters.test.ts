import { describe, expect, it } from "vitest";
import type { Cluster, ClusterOptions } from "./cluster.ts";
import { SharedClusters } from "./shared-clusters.ts";

/** Creates fake clusters. The tests only check which cluster they get, and if it was stopped. */
function rig() {
  const started: { readonly options: ClusterOptions | undefined; isStopped: boolean }[] = [];
  const cleared: Cluster[] = [];
  const start = async (options?: ClusterOptions): Promise<Cluster> => {
    const state = { options, isStopped: false };
    started.push(state);
    const stop = async (): Promise<void> => void Object.assign(state, { isStopped: true });
    return { stop } as Cluster;
  };
  const clusters = new SharedClusters(start, async (cluster) => void cleared.push(cluster));
  return { clusters, started, cleared };
}

describe("shared clusters", () => {
  it("a cluster in which everything held is cleared and passed on, and stopped at the end", async () => {
    const { clusters, started, cleared } = rig();
    const cluster = await clusters.acquire();
    await clusters.release(cluster, true);
    expect(cleared).toEqual([cluster]);
    expect(await clusters.acquire()).toBe(cluster);
    await clusters.release(cluster, true);
    expect(started).toMatchObject([{ isStopped: false }]);
    await clusters.close();
    expect(started).toMatchObject([{ isStopped: true }]);
  });

  it("a cluster whose store can't be cleared isn't passed on", async () => {
    const stopped: Cluster[] = [];
    const start = async () => {
      const cluster = { stop: async () => void stopped.push(cluster) } as unknown as Cluster;
      return cluster;
    };
    const clusters = new SharedClusters(start, () => Promise.reject(new Error("the store is busy")));
    const cluster = await clusters.acquire();
    await clusters.release(cluster, true);
    expect(stopped).toEqual([cluster]);
    expect(await clusters.acquire()).not.toBe(cluster);
  });

  it("a cluster in use isn't given to another trial", async () => {
    const { clusters } = rig();
    expect(await clusters.acquire()).not.toBe(await clusters.acquire());
  });

  it("a cluster in which a guarantee fell isn't passed on", async () => {
    const { clusters, started } = rig();
    const cluster = await clusters.acquire();
    await clusters.release(cluster, false);
    expect(started).toMatchObject([{ isStopped: true }]);
    expect(await clusters.acquire()).not.toBe(cluster);
  });

  it("a cluster that was started for one fault isn't passed on", async () => {
    const { clusters, started } = rig();
    const options = { env: { BACKLOG_MAX_ENTRIES: "1" } };
    await clusters.release(await clusters.acquire(), true);
    await clusters.release(await clusters.acquire(options), true);
    expect(started).toMatchObject([
      { options: undefined, isStopped: false },
      { options, isStopped: true },
    ]);
  });
});
