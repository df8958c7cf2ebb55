import type { AppName } from "@parley/local";
import { Findings } from "../checker/findings.ts";
import { type Cluster, startCluster } from "../cluster/cluster.ts";
import { DeliveryCheck } from "./checks/delivery-check.ts";
import { StorageCheck } from "./checks/storage-check.ts";
import type { Load } from "./load/load.ts";
import { Sends } from "./load/sends.ts";
import { Users } from "./load/users.ts";
import type { SoakCounts } from "./result.ts";
import { Sampler } from "./sampler.ts";

export interface SoakOptions {
  readonly minutes: number;
  readonly load: Load;
  /** Share of the operations that may fail. Default one in a thousand. */
  readonly mayFail?: number;
  /** Called with each line of progress. */
  readonly log: (line: string) => void;
  /** Paths of bundles that run in place of the shipped ones. */
  readonly builds?: Readonly<Partial<Record<AppName, string>>>;
}

/** Everything that runs during a soak. */
export interface Running {
  readonly cluster: Cluster;
  readonly findings: Findings;
  readonly deliveries: DeliveryCheck;
  readonly storage: StorageCheck;
  readonly sends: Sends;
  readonly users: Users;
  readonly sampler: Sampler;
  /** Number of failures, by reason. */
  readonly failures: ReadonlyMap<string, number>;
  readonly onFailed: (reason: string) => void;
}

export const MINUTE_MS = 60_000;
/** Number of samples in a run, unless they would be closer together or further apart than these intervals. */
const SAMPLES = 900;
const MIN_SAMPLE_MS = 500;
const MAX_SAMPLE_MS = 4_000;
/** Refs are forgotten 1.5 windows after their message (L5), so their number is constant after the warm-up. */
const WINDOWS_PER_WARM_UP = 2;
const MIN_WINDOW_MS = 10_000;

/** Starts the processes, and connects the users. What has started is added to `closers`, also if a step fails. */
export async function startAll(
  { load, minutes, builds }: SoakOptions,
  warmUpMinutes: number,
  closers: (() => unknown)[],
): Promise<Running> {
  const windowMs = Math.max(MIN_WINDOW_MS, Math.round((warmUpMinutes * MINUTE_MS) / WINDOWS_PER_WARM_UP));
  // An empty variable means the app's default, in place of the setting for faults.
  const defaults = { RATE_LIMIT: "", HEARTBEAT_MS: "", LOG_LEVEL: "warn" };
  const cluster = await startCluster({
    isDirect: true,
    env: { ...defaults, DEDUPE_WINDOW_MS: String(windowMs) },
    ...(builds && { builds }),
  });
  closers.push(() => cluster.stop());
  const failures = new Map<string, number>();
  const onFailed = (reason: string) => void failures.set(reason, (failures.get(reason) ?? 0) + 1);
  const findings = new Findings();
  const [deliveries, storage] = [new DeliveryCheck(findings), new StorageCheck(findings)];
  const sends = new Sends({ findings, deliveries, storage, onFailed });
  const users = await Users.connect({ cluster, load, findings, deliveries, sends, onFailed });
  closers.push(() => users.close());
  const everyMs = Math.min(MAX_SAMPLE_MS, Math.max(MIN_SAMPLE_MS, (minutes * MINUTE_MS) / SAMPLES));
  const sampler = new Sampler(cluster, everyMs);
  closers.push(() => sampler.stop());
  return { cluster, findings, deliveries, storage, sends, users, sampler, failures, onFailed };
}

export function countsOf({ findings, deliveries, storage, sends, users, failures }: Running): SoakCounts {
  return {
    sent: sends.sent,
    acked: sends.acked,
    stored: storage.stored,
    seen: deliveries.received,
    connections: users.connections,
    reads: users.reads,
    failed: [...failures.values()].reduce((sum, count) => sum + count, 0),
    ...findings.counts,
  };
}
