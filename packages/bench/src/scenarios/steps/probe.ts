import { percentile } from "@parley/testkit";
import { fsyncTimes } from "../../load/fsync-times.ts";
import { redisRoundTrips } from "../../load/redis-round-trips.ts";
import type { Column, Figures } from "../../runner/scenario.ts";
import type { RunningTarget } from "../../targets/target.ts";

const PINGS = { count: 50, pauseMs: 1 };
const FSYNCS = { count: 100, maxMs: 1_000 };

/** The columns of every row with a latency: percentiles, and beside them what the machine needs at least. */
export function latencyColumns(digits = 1): Column[] {
  return [
    { key: "p50", title: "p50 ms", digits },
    { key: "p99", title: "p99 ms", digits },
    { key: "p999", title: "p99.9 ms", digits },
    { key: "ping", title: "PING ms", digits: 2 },
    { key: "fsync", title: "fsync ms", digits: 2 },
    { key: "fsyncP99", title: "fsync p99 ms", digits: 2 },
  ];
}

/** Explains the columns that `probe` fills. */
export const PROBE_LEGEND =
  "`PING ms`, `fsync ms`: medians of what an empty round trip to this server's Redis (PING) and an fsync cost, measured right before the row's own load begins. The fsync is an append of 512 bytes and fdatasync on a file of its own in the same folder as the server's data: at the server's Redis an XADD would also wait for whatever Redis does, and during the load the server's own fsyncs would make the disk look slow. `fsync p99 ms` is the 99th of 100. A peer that keeps nothing does no fsync.";

/** Measures an empty round trip to the target's Redis, if it has one, and an fsync in its data folder. */
export async function probe({
  redisPort,
  dataDir,
}: Pick<RunningTarget, "redisPort" | "dataDir">): Promise<Figures> {
  const pings = redisPort === undefined ? [] : await redisRoundTrips(redisPort, () => [["PING"]], PINGS);
  const fsyncs = fsyncTimes(dataDir, FSYNCS);
  return {
    ...(pings.length > 0 && { ping: percentile(pings, 0.5) / 1000 }),
    fsync: percentile(fsyncs, 0.5) / 1000,
    fsyncP99: percentile(fsyncs, 0.99) / 1000,
  };
}

/** Returns the percentiles of latencies. Latencies are in µs, percentiles in ms. */
export function latencyFigures(latencies: readonly number[]): Record<"p50" | "p99" | "p999", number> {
  const of = (share: number): number => percentile(latencies, share) / 1000;
  return { p50: of(0.5), p99: of(0.99), p999: of(0.999) };
}
