import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Message } from "@parley/client";
import { randomFrom } from "@parley/testkit";
import { check, type Verdict } from "../checker/checker.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { backlogEntries, storedChanges, storedExceptOf } from "../cluster/log-inspection.ts";
import { type Clusters, NEW_CLUSTERS } from "../cluster/shared-clusters.ts";
import { eventually } from "../eventually.ts";
import type { Fault, Injection } from "../faults/fault.ts";
import { writeRecord } from "../report/record.ts";
import { ChangeWorkload } from "../workload/change-workload.ts";
import { ANSWER_LIMIT_MS, HistoryReader, readHistory } from "../workload/history-reader.ts";
import { Ledger } from "../workload/ledger.ts";
import { Workload } from "../workload/workload.ts";
import { problemsOf, type Result } from "./result.ts";

/** Folder of the records of failed trials. */
export const RECORDS = join(import.meta.dirname, "../../../../.cache/chaos");

export interface TrialOptions {
  readonly seed: number;
  /** True for the short form of the fault, with fewer messages. */
  readonly short: boolean;
  /** Duration of a random fault (F18, F26). */
  readonly minutes: number;
  /** Called with each line of progress. */
  readonly log: (line: string) => void;
  /** Folder for the record of a failed trial. By default a subfolder of RECORDS, named after fault and seed. */
  readonly recordFolder?: string;
  /** Provides the cluster. By default each trial starts its own cluster. */
  readonly clusters?: Clusters;
  /** The option that chooses the kind of trial, such as `--upgrade main`. By default it is a fault. */
  readonly form?: string;
}

interface Size {
  readonly clients: number;
  readonly messages: number;
  readonly ratePerSecond: number;
}

/** A store on two busy cores can keep up with these rates. With higher ones, trials would measure the machine. */
const FULL: Size = { clients: 20, messages: 1_000, ratePerSecond: 25 };
const SHORT: Size = { clients: 20, messages: 200, ratePerSecond: 30 };
/** Longer than any fault takes, except random ones. Their duration is added to this. */
const MAX_FAULT_MINUTES = 10;
/** After every client has seen everything, a duplicate delivery would arrive within this time. */
const SETTLE_MS = 300;
const CONVERGE_MS = 60_000;

/**
 * Runs one trial: acquires a cluster, runs the workload, injects the fault, waits until everything is stored and
 * seen, and checks the guarantees. Never rejects; a failure of the trial itself is a result.
 */
export async function trial(fault: Fault, options: TrialOptions): Promise<Result> {
  const reason = await fault.unavailableReason?.();
  if (reason !== undefined) return { kind: "not made", reason };
  const logLines: string[] = [];
  const log = (line: string): void => {
    logLines.push(`${new Date().toISOString()} ${line}`);
    options.log(line);
  };
  const { clusters = NEW_CLUSTERS } = options;
  const ledger = new Ledger();
  let cluster: Cluster | undefined;
  let isHealthy = false;
  try {
    log("prepares the cluster");
    cluster = await clusters.acquire(fault.clusterOptions);
    const result = await runInCluster(cluster, ledger, fault, { ...options, log }).catch(abortedBy);
    isHealthy = problemsOf(result).length === 0;
    if (!isHealthy) {
      const folder = options.recordFolder ?? join(RECORDS, `${fault.id}-seed-${options.seed}`);
      await writeRecord(folder, { command: commandOf(fault, options), result, logLines, ledger, cluster });
    }
    return result;
  } catch (error) {
    return abortedBy(error);
  } finally {
    if (cluster) await clusters.release(cluster, isHealthy);
  }
}

/** Returns the command that repeats the run. */
function commandOf({ id }: Fault, { seed, minutes, short, form }: TrialOptions): string {
  const flags = [...(form === undefined ? [] : [form]), `--only ${id} --seed ${seed}`];
  return `npx pnpm@12 chaos ${flags.join(" ")} ${short ? "--short" : `--minutes ${minutes}`}`;
}

async function runInCluster(
  cluster: Cluster,
  ledger: Ledger,
  fault: Fault,
  options: TrialOptions,
): Promise<Result> {
  const { log, seed, short, minutes } = options;
  const { clients, messages, ratePerSecond } = sizeOf(fault, options);
  const random = randomFrom(seed);
  const workload = await Workload.connect(cluster, ledger, {
    clients,
    messages,
    ratePerSecond,
    isSteady: fault.isSteady === true,
    random,
    name: fault.id,
  });
  const historyReader = new HistoryReader(cluster, ledger);
  const changeWorkload = new ChangeWorkload(cluster, ledger, randomFrom(seed + 1));
  try {
    workload.start();
    if (fault.hasChanges) await changeWorkload.start();
    await workload.untilSent(messages / 6);
    log("injects the fault");
    const limitMs = (minutes + MAX_FAULT_MINUTES) * 60_000;
    const timeout = delay(limitMs, undefined, { ref: false }).then(() => {
      throw new Error(`the fault was not over after ${limitMs / 1000} s`);
    });
    const { changer } = changeWorkload;
    const context = { cluster, workload, changer, historyReader, short, seed, minutes, log };
    const injection = await Promise.race([fault.inject(context), timeout]);
    log("the fault is over");
    await workload.untilSent(messages);
    await workload.stop();
    await changeWorkload.stop();
    await historyReader.stop();
    log("waits until everything is stored and seen");
    const verdict = await checkGuarantees(cluster, ledger, injection);
    const problems = [
      ...allProblems(injection, verdict, historyReader, !short),
      ...changeWorkload.problems,
      ...new Set(cluster.takeLogProblems()),
    ];
    return { kind: "completed", injection, verdict, problems };
  } finally {
    workload.close();
    changeWorkload.close();
    await historyReader.stop();
  }
}

function sizeOf({ ratePerSecond = Number.POSITIVE_INFINITY }: Fault, { short }: TrialOptions): Size {
  const size = short ? SHORT : FULL;
  return { ...size, ratePerSecond: Math.min(size.ratePerSecond, ratePerSecond) };
}

/** Lists all problems of a trial. Violations of promised times are included only if `isTimed` is true. */
function allProblems(
  injection: Injection,
  verdict: Verdict,
  { missing, answers, unanswered }: HistoryReader,
  isTimed: boolean,
): string[] {
  const lacked = [...missing].filter((id) => !injection.destroyed?.has(id));
  return [
    ...(injection.struck > 0 ? [] : [`the fault never struck: 0 ${injection.unit}`]),
    ...(injection.problems ?? []),
    ...(isTimed ? (injection.late ?? []) : []),
    ...verdict.problems,
    ...(lacked.length === 0
      ? []
      : [`P56: history lacked ${lacked.length} acknowledged messages and changes, such as ${lacked[0]}`]),
    ...(isTimed && unanswered > 0
      ? [`P55: ${unanswered} requests for history had no answer within ${ANSWER_LIMIT_MS / 1_000} s`]
      : []),
    ...(answers > 0 ? [] : ["history never answered"]),
  ];
}

/**
 * Waits until everything is stored and seen, then checks the guarantees. If a message never arrives, the checker
 * reports it.
 */
async function checkGuarantees(cluster: Cluster, ledger: Ledger, injection: Injection): Promise<Verdict> {
  await eventually(async () => (await backlogEntries(cluster)) === 0, "the backlog to be stored");
  // Older messages belong to an earlier trial in the same cluster.
  const isOwn = ({ id }: { readonly id: string }): boolean => id > ledger.startId;
  const history = (await readConversations(cluster, ledger)).filter(isOwn);
  const { ownSender = "" } = injection;
  const documents = await storedExceptOf(cluster, ownSender);
  const database = documents.map(({ _id, ...rest }) => ({ id: _id, ...rest })).filter(isOwn);
  const changes = await storedChanges(cluster, ledger.startId, ownSender);
  const checkNow = () =>
    check({
      sends: ledger.sends,
      observations: ledger.observations,
      changes: ledger.changes,
      changeObservations: ledger.changeObservations,
      history,
      database,
      storedChanges: changes,
      ...(injection.destroyed && { destroyed: injection.destroyed }),
    });
  const isAllSeen = () => checkNow().counts.unseen === 0;
  await eventually(isAllSeen, "every client to see everything", CONVERGE_MS).catch(() => undefined);
  await delay(SETTLE_MS);
  return checkNow();
}

/** Reads the conversations one after the other. Each is read again until the answer is complete. */
async function readConversations(cluster: Cluster, ledger: Ledger): Promise<Message[]> {
  const messages: Message[] = [];
  for (const [one, other] of ledger.conversations()) {
    const [user, path] = one === "" ? ["reader", "/messages"] : [one, `/messages/${other}`];
    messages.push(...(await eventually(() => readHistory(cluster, user, path), `history of ${path}`)));
  }
  return messages;
}

function abortedBy(error: unknown): Result {
  if (!(error instanceof Error)) return { kind: "aborted", reason: String(error) };
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  const reason = `${error.message}${cause}`.split("\n").slice(0, 2).join(" ").slice(0, 600);
  return { kind: "aborted", reason };
}
