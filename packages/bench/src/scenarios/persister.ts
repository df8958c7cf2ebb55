import type { Case, Context, Row, Scenario } from "../runner/scenario.ts";
import { withCluster } from "../targets/cluster.ts";
import { fillLog } from "./steps/fill-log.ts";
import { idleShareOfPersisters, type Progress, watchProgress } from "./steps/persister-progress.ts";
import { withThousands } from "./steps/with-target.ts";

/** Share of the backlog that isn't measured, because meanwhile each process still starts up and compiles. */
const WARM_UP_SHARE = 0.5;
/** Estimated duration of the case with SecantusDB, which is the slower MongoDB. */
const SECONDS = 30;

/** Subjects of this scenario, as the report names them. */
export const ONE_PERSISTER = "one persister";
export const TWO_PERSISTERS = "two persisters";

/** Speed and cost of draining a backlog, by one persister and by two. */
export const persister: Scenario = {
  name: "persister",
  title: "Persister: draining a backlog",
  notes: [
    "The backlog is in the log before the persisters start; its first half is not counted, nor what a process uses at rest. The CPU of two is added up.",
    "MongoDB takes part in the speed: with SecantusDB in its place (about 5,000 inserts/s) messages/s is that server's, and only the CPU a message is the persisters' own.",
  ],
  columns: [
    { key: "rate", title: "stored/s", digits: 0 },
    { key: "cpu", title: "persister µs/message", digits: 1 },
    { key: "redis", title: "Redis µs/message", digits: 1 },
    { key: "mongo", title: "MongoDB µs/message", digits: 0 },
    { key: "share", title: "persister % of a core", digits: 0 },
  ],
  cases: [drainedBy(ONE_PERSISTER, 1), drainedBy(TWO_PERSISTERS, 2)],
};

function drainedBy(name: string, persisters: number): Case {
  return { name, seconds: () => SECONDS, run: (context) => drain(name, persisters, context) };
}

function drain(name: string, persisters: number, { plan, log }: Context): Promise<Row[]> {
  return withCluster(async (cluster) => {
    const { messages } = plan.persister[cluster.mongoKind];
    log("creating the log");
    await (await cluster.start("persister")).stop();
    log(`appending ${withThousands(messages)} messages`);
    const count = await fillLog(cluster, { to: "offline", count: messages });
    log(`draining the backlog with ${name}`);
    const apps = await Promise.all(
      Array.from({ length: persisters }, () => cluster.start("persister", { until: "live" })),
    );
    const seen = await watchProgress(apps, count, { mongo: cluster.mongo.pid, redis: cluster.redis.pid });
    const figures = figuresOf(seen, count, await idleShareOfPersisters(apps));
    const load = `${withThousands(count)} messages, ${cluster.mongoKind}`;
    return [{ subject: name, load, figures, loadShare: 0, machineShare: Number.NaN }];
  });
}

/**
 * Returns the figures for the time between two samples: the first one after the warm-up, and the last one before
 * everything was stored. The persisters' idle CPU, `idleShare` of a core, is subtracted from their CPU per message.
 */
export function figuresOf(
  seen: readonly Progress[],
  count: number,
  idleShare: number,
): Record<string, number> {
  const first = seen.find(({ settled }) => settled >= count * WARM_UP_SHARE);
  const last = seen.findLast(({ settled }) => settled < count);
  if (!first || !last || last.settled <= first.settled)
    throw new Error(`${count} messages were stored too soon to be measured: the plan needs more messages`);
  const messages = last.settled - first.settled;
  const micros = last.at - first.at;
  return {
    rate: messages / (micros / 1_000_000),
    cpu: (last.cpu.persister - first.cpu.persister - idleShare * micros) / messages,
    redis: (last.cpu.redis - first.cpu.redis) / messages,
    mongo: (last.cpu.mongo - first.cpu.mongo) / messages,
    share: (100 * (last.cpu.persister - first.cpu.persister)) / micros,
  };
}
