import { setTimeout as delay } from "node:timers/promises";
import { inBackground } from "@parley/async";
import { randomFrom } from "@parley/testkit";
import { ReadMarkModel } from "../../checker/read-marks.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { killAndRestart, targetsOf } from "../../cluster/targets.ts";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import { MarkUser } from "../../workload/marks/mark-user.ts";
import type { Fault, FaultContext } from "../fault.ts";

const USERS = ["f23-alice", "f23-bob", "f23-carol", "f23-dave"];
const ROUNDS = 3;
/** Longer than the longest pause between two rounds in which a persister stores marks. */
const STORE_AWAY_MS = 2_000;
const ALIKE_WITHIN_MS = 60_000;

/** A kill of one process or of several. */
interface Kill {
  readonly name: string;
  readonly processes: number;
  run(): Promise<void>;
}

/**
 * Kills every process in turn while users write, delete, and mark what they have read, each over both gateways. No mark
 * that a user was told may go back, for the user or for others, and no count of unread messages may be wrong (P70, P71).
 * Afterwards all connections and `/conversations` must have the greatest marks that were sent.
 */
export const readMarks: Fault = {
  id: "F23",
  title: "messages are marked as read while every process is killed in turn",
  ratePerSecond: 12,
  async inject(context) {
    const { cluster, workload, changer, short, seed, log } = context;
    const model = new ReadMarkModel(workload.ledger);
    const random = randomFrom(seed);
    const users = await MarkUser.connect(USERS, { cluster, changer, ledger: workload.ledger, model, random });
    const stopping = new AbortController();
    // If the trial is broken off, its senders are closed, and nobody waits for their messages.
    const running = inBackground(Promise.all(users.map((user) => user.run(stopping.signal))));
    const kills = killsOf(cluster, short);
    try {
      for (const { name, run } of kills) {
        log(`SIGKILL ${name}`);
        await run();
      }
      await workload.untilRecovered(performance.now());
      stopping.abort();
      await running;
      const { problems, tookMs } = await untilAlike(users, model, context);
      const resent = users.flatMap(({ clients }) => clients).reduce((sum, client) => sum + client.resent, 0);
      return {
        struck: kills.reduce((sum, { processes }) => sum + processes, 0),
        unit: "processes killed",
        recoveryMs: tookMs,
        details: `${model.heard} marks heard, ${resent} sent again; ${model.answers} answers of /conversations; everywhere the same ${formatSeconds(tookMs)} after the last one`,
        problems: [...(model.heard === 0 ? ["no mark was heard"] : []), ...problems, ...model.problems],
      };
    } finally {
      stopping.abort();
      await Promise.all(users.map((user) => user.close()));
    }
  },
};

/** The long form kills each process three times, the short one each once and both persisters together. */
function killsOf(cluster: Cluster, short: boolean): readonly Kill[] {
  const withoutStore: Kill = {
    name: "mongo, and then both persisters",
    processes: 3,
    run: () => killPersistersWithoutStore(cluster),
  };
  const targets = targetsOf(cluster).map((target): Kill => {
    return { name: target.name, processes: 1, run: () => killAndRestart(target) };
  });
  if (!short) return Array.from({ length: ROUNDS }, () => [...targets, withoutStore]).flat();
  const [redis, , first, second, , , history] = targets;
  return [redis, first, withoutStore, second, history].flatMap((kill) => kill ?? []);
}

/** Kills the persisters while the store is away. What they were about to store is then only in the log. */
async function killPersistersWithoutStore({ mongo, persisters }: Cluster): Promise<void> {
  await mongo.kill("SIGKILL");
  await delay(STORE_AWAY_MS);
  await Promise.all(persisters.map(({ app }) => app.kill("SIGKILL")));
  await mongo.restart();
  await Promise.all(persisters.map(({ app }) => app.restart()));
}

/** Waits until everybody knows the greatest marks. Resolves with the time in ms, and with all differences that stay. */
async function untilAlike(
  users: readonly MarkUser[],
  model: ReadMarkModel,
  { log }: FaultContext,
): Promise<{ problems: string[]; tookMs: number }> {
  const startedMs = performance.now();
  let differences: string[] = [];
  const areAlike = async () => {
    const answers = await Promise.all(users.map((user) => user.ask()));
    differences = users.flatMap((user, n) => [
      ...model.differences(user.name, answers[n] ?? []),
      ...user.unknownMarks(),
    ]);
    return differences.length === 0;
  };
  await eventually(areAlike, "all marks to be the same", ALIKE_WITHIN_MS).catch(() => undefined);
  const tookMs = performance.now() - startedMs;
  log(`${differences.length} differences after ${formatSeconds(tookMs)}`);
  return { problems: differences.slice(0, 5).map((text) => `P71 end: ${text}`), tookMs };
}
