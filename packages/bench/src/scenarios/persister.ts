import type { Case, Context, Measurement, Row } from "../runner/scenario.ts";
import { inHouse } from "../targets/cluster.ts";
import { fillLog } from "./steps/fill-log.ts";
import { type Progress, restOf, watchSettling } from "./steps/settled.ts";
import { inThousands } from "./steps/with-target.ts";

/** The first part is left out: start and compilation are in it, of each process. */
const WARM_UP_SHARE = 0.5;
/** House, log and backlog, and SecantusDB's speed. */
const SECONDS = 30;

export const ONE = "one persister";
export const TWO = "two persisters";

export const persister: Measurement = {
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
  cases: [drainedBy(ONE, 1), drainedBy(TWO, 2)],
};

function drainedBy(name: string, persisters: number): Case {
  return { name, seconds: () => SECONDS, run: (context) => drain(name, persisters, context) };
}

function drain(name: string, persisters: number, { plan, say }: Context): Promise<Row[]> {
  return inHouse(async (house) => {
    const { messages } = plan.persister[house.mongoKind];
    say("making the log");
    await (await house.start("persister")).stop();
    say(`filling it with ${inThousands(messages)} messages`);
    const count = await fillLog(house, { to: "offline", count: messages });
    say(`${name} drain it`);
    const apps = await Promise.all(
      Array.from({ length: persisters }, () => house.start("persister", { until: "live" })),
    );
    const seen = await watchSettling(apps, count, { mongo: house.mongo.pid, redis: house.redis.pid });
    const figures = figuresOf(seen, count, await restOf(apps));
    const load = `${inThousands(count)} messages, ${house.mongoKind}`;
    return [{ subject: name, load, figures, loadShare: 0, machineShare: Number.NaN }];
  });
}

/** Between the first look after the warm-up and the last one before everything was stored; `restShare` of a core is taken off. */
export function figuresOf(
  seen: readonly Progress[],
  count: number,
  restShare: number,
): Record<string, number> {
  const first = seen.find(({ settled }) => settled >= count * WARM_UP_SHARE);
  const last = seen.findLast(({ settled }) => settled < count);
  if (!first || !last || last.settled <= first.settled)
    throw new Error(`${count} messages were stored too soon to be measured: it takes more of them`);
  const messages = last.settled - first.settled;
  const micros = last.at - first.at;
  return {
    rate: messages / (micros / 1_000_000),
    cpu: (last.cpu.persister - first.cpu.persister - restShare * micros) / messages,
    redis: (last.cpu.redis - first.cpu.redis) / messages,
    mongo: (last.cpu.mongo - first.cpu.mongo) / messages,
    share: (100 * (last.cpu.persister - first.cpu.persister)) / micros,
  };
}
