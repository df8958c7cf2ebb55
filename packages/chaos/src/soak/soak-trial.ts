import { sleep } from "@parley/async";
import type { AppName } from "@parley/local";
import { formatId } from "@parley/models";
import { Findings } from "../checker/findings.ts";
import { type Cluster, startCluster } from "../cluster/cluster.ts";
import { backlogEntries, deleteStored, storedBetween, storedDocuments } from "../cluster/log-inspection.ts";
import { eventually } from "../eventually.ts";
import { DeliveryCheck } from "./checks/delivery-check.ts";
import { StorageCheck } from "./checks/storage-check.ts";
import { describeLeak, judge } from "./judgement/judge.ts";
import { type Load, SHORT_LOAD } from "./load/load.ts";
import { Sends } from "./load/sends.ts";
import { Users } from "./load/users.ts";
import type { SoakCounts, SoakResult } from "./result.ts";
import { appsOf, Sampler } from "./sampler.ts";

export interface SoakOptions {
  readonly minutes: number;
  readonly load: Load;
  /** Called with each line of progress. */
  readonly log: (line: string) => void;
  /** Paths of bundles that run in place of the shipped ones. */
  readonly builds?: Readonly<Partial<Record<AppName, string>>>;
}

/** Name of the soak among the faults of mutants. */
export const SOAK = "soak";
/** A form for tests, which finds only a fast leak. */
export const SHORT_SOAK = { minutes: 0.4, load: SHORT_LOAD };

const MAX_WARM_UP_MINUTES = 10;
const MINUTE_MS = 60_000;
/** Number of samples in a run, unless they would be closer together or further apart than these intervals. */
const SAMPLES = 900;
const MIN_SAMPLE_MS = 250;
const MAX_SAMPLE_MS = 4_000;
const CHECK_EVERY_MS = 20_000;
const MIN_PROGRESS_MS = 10_000;
const MAX_PROGRESS_MS = 30_000;
/** A message that is older than this has been acknowledged, seen and stored, or has failed. */
const CHECKED_AGE_MS = 10_000;
/** Messages are removed from the store at this age, because a small MongoDB reads more slowly the more it has. */
const REMOVED_AGE_MS = 300_000;
const LAST_ID = "~";
const LAST_ACK_MS = 6_000;
/** A small MongoDB on a busy machine may need minutes for its backlog. */
const STORED_MS = 300_000;
/** More failures than one in this many operations are a problem: then the load wasn't the one that is judged. */
const MAY_FAIL = 1_000;
/** Refs are forgotten 1.5 windows after their message (L5), so their number is constant after the warm-up. */
const WINDOWS_PER_WARM_UP = 2;
const MIN_WINDOW_MS = 10_000;

/** Everything that runs during a soak. */
interface Running {
  readonly cluster: Cluster;
  readonly findings: Findings;
  readonly deliveries: DeliveryCheck;
  readonly storage: StorageCheck;
  readonly sends: Sends;
  readonly users: Users;
  readonly sampler: Sampler;
  /** Number of failures, by reason. */
  readonly failures: ReadonlyMap<string, number>;
}

/**
 * Runs a steady load on separate processes, and judges the growth of every process. Never rejects; a failure of the
 * soak itself is a result.
 */
export async function soakTrial(options: SoakOptions): Promise<SoakResult> {
  const closers: (() => unknown)[] = [];
  try {
    return await runSoak(options, closers);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "aborted", reason: reason.slice(0, 600) };
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function runSoak(options: SoakOptions, closers: (() => unknown)[]): Promise<SoakResult> {
  const { minutes, load, log } = options;
  const warmUpMinutes = Math.min(MAX_WARM_UP_MINUTES, minutes / 6);
  log("starts the processes");
  const running = await startAll(options, warmUpMinutes * MINUTE_MS, closers);
  const { users, sampler } = running;
  const startedMs = performance.now();
  users.start();
  log(`${load.users} users are connected; the load begins`);
  await keepChecking(running, options, startedMs);
  const rows = sampler.series.map((series) => judge(series, startedMs + warmUpMinutes * MINUTE_MS));
  await sampler.stop();
  await finish(running, log);
  const counts = countsOf(running);
  const problems = [
    ...sampler.ended.map((process) => `a process ended: ${process}`),
    ...running.findings.lines(),
    ...failureProblem(running, counts),
    ...rows.filter(({ isLeak }) => isLeak).map(describeLeak),
  ];
  return { kind: "completed", minutes, warmUpMinutes, load, counts, rows, problems };
}

async function startAll(
  { load, minutes, builds }: SoakOptions,
  warmUpMs: number,
  closers: (() => unknown)[],
): Promise<Running> {
  const windowMs = Math.max(MIN_WINDOW_MS, Math.round(warmUpMs / WINDOWS_PER_WARM_UP));
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
  return { cluster, findings, deliveries, storage, sends, users, sampler, failures };
}

/** Until the time is over or a process has ended: checks what is old enough, and prints the progress. */
async function keepChecking(
  running: Running,
  { minutes, log }: SoakOptions,
  startedMs: number,
): Promise<void> {
  const { deliveries, sampler } = running;
  const progressMs = Math.min(MAX_PROGRESS_MS, Math.max(MIN_PROGRESS_MS, (minutes * MINUTE_MS) / 20));
  const elapsedMs = () => performance.now() - startedMs;
  let checkedUpTo = "";
  let checkAtMs = CHECK_EVERY_MS;
  let progressAtMs = progressMs;
  while (elapsedMs() < minutes * MINUTE_MS && sampler.ended.length === 0) {
    await sleep(Math.min(1_000, minutes * MINUTE_MS - elapsedMs()));
    if (elapsedMs() >= checkAtMs) {
      checkAtMs += CHECK_EVERY_MS;
      const horizon = idOfAge(CHECKED_AGE_MS);
      deliveries.checkUpTo(horizon);
      checkedUpTo = await checkStored(running, checkedUpTo, horizon);
    }
    if (elapsedMs() >= progressAtMs) {
      progressAtMs += progressMs;
      log(describeProgress(running, elapsedMs() / MINUTE_MS, minutes));
    }
  }
  await checkStored(running, checkedUpTo, LAST_ID);
}

/** Checks what was stored after one id and up to another, removes what is old, and returns the second id. */
async function checkStored({ cluster, storage }: Running, after: string, upTo: string): Promise<string> {
  storage.found(await storedBetween(cluster, after, upTo));
  await deleteStored(cluster, idOfAge(REMOVED_AGE_MS));
  return upTo;
}

/** Stops the load, and checks the rest once everything is acknowledged, stored and seen. */
async function finish(running: Running, log: (line: string) => void): Promise<void> {
  const { cluster, users, sends, deliveries, storage } = running;
  log("the load ends; waits until everything is stored and seen");
  await users.stop();
  await eventually(() => sends.unanswered === 0, "every ack", LAST_ACK_MS).catch(() => sends.expire());
  await eventually(async () => (await backlogEntries(cluster)) === 0, "the backlog to be stored", STORED_MS);
  storage.found(await storedDocuments(cluster, storage.unstoredIds));
  storage.finish();
  const isAllSeen = () => deliveries.countMissing(LAST_ID) === 0;
  await eventually(isAllSeen, "every message to be seen", CHECKED_AGE_MS).catch(() => undefined);
  deliveries.checkUpTo(LAST_ID);
}

function countsOf({ findings, deliveries, storage, sends, users, failures }: Running): SoakCounts {
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

function failureProblem({ failures }: Running, { sent, connections, reads, failed }: SoakCounts): string[] {
  if (failed * MAY_FAIL <= sent + connections + reads) return [];
  return [`more than one operation in ${MAY_FAIL} failed: ${describeFailures(failures)}`];
}

function describeFailures(failures: ReadonlyMap<string, number>): string {
  return [...failures].map(([reason, count]) => `${reason} (${count} times)`).join(", ");
}

function describeProgress(running: Running, minutesDone: number, minutes: number): string {
  const { cluster, sampler, failures } = running;
  const { sent, lost, duplicated } = countsOf(running);
  const memory = (process: string) => sampler.newest(process, "resident memory").toFixed(0);
  const apps = appsOf(cluster).map(({ process }) => `${process} ${memory(process)}`);
  return [
    `minute ${minutesDone.toFixed(1)} of ${minutes}: ${sent} sent, ${lost} lost, ${duplicated} doubled`,
    `${sampler.newest("redis", "pending entries")} pending`,
    `MiB: ${apps.join(", ")}, redis ${sampler.newest("redis", "memory").toFixed(0)}`,
    ...(failures.size > 0 ? [`failed: ${describeFailures(failures)}`] : []),
  ].join("; ");
}

/** Returns an id that is smaller than the ids of all messages that are younger than `ageMs`. */
function idOfAge(ageMs: number): string {
  return formatId({ ms: Date.now() - ageMs, seq: 0 });
}
