import type { LocalServer } from "@parley/local";
import { type Load, startLoad } from "../load/load.ts";
import type { BusTasks, PacedResult } from "../load/tasks/bus.ts";
import { CONTENT_BYTES } from "../runner/plan.ts";
import type { Context, Figures, Row, Scenario } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { usersOfGateways, withLog } from "./steps/bus-log.ts";
import { latencyColumns, latencyFigures, probe } from "./steps/probe.ts";
import { withThousands } from "./steps/with-target.ts";

/** The subject and the load of this scenario, as the report names them. */
export const BUSES = "Parley's bus";
export const SMALL_CALLS = "messages/s each";

/** Each process runs half of the gateways. */
const PROCESSES = 2;
const START_SECONDS = 8;
const LIMITS = { quietMs: 3_000, maxMs: 6_000 };

/** Cost and latency of the small calls that many gateways make to one Redis. */
export const gateways: Scenario = {
  name: "gateways",
  title: "Many gateways on one Redis",
  notes: [
    "Private messages between 1,000 users. Each gateway appends at its own steady rate, so its calls are small, and hears the messages of its users. Two gateways hear each message.",
    "The gateways are their buses only, without WebSockets, several in one process: whole gateways at this rate would need more than two cores. The CPU of a message is that of its append and of hearing it twice.",
    "Latency runs from when a message was due to the answer to its append, which comes after Redis' fsync.",
  ],
  columns: [
    { key: "rate", title: "messages/s", digits: 0 },
    { key: "redis", title: "Redis µs/message", digits: 1 },
    { key: "redisShare", title: "Redis % of a core", digits: 0 },
    { key: "cpu", title: "buses µs/message", digits: 1 },
    { key: "perCall", title: "messages/call", digits: 2 },
    ...latencyColumns(),
    { key: "lost", title: "not heard", digits: 0 },
    { key: "refused", title: "refused", digits: 0 },
  ],
  cases: [
    {
      name: BUSES,
      seconds: ({ gateways: { warmUp, stepMs } }) => START_SECONDS + (warmUp.ms + stepMs) / 1000,
      run: (context) => withLog((redis) => measureBuses(redis, context)),
    },
  ],
};

async function measureBuses(redis: LocalServer, { plan, log }: Context): Promise<Row[]> {
  const { gateways, users, rate, warmUp, stepMs } = plan.gateways;
  const loads = Array.from({ length: PROCESSES }, () => startLoad<BusTasks>("bus"));
  try {
    log(`opening ${gateways} gateways' buses`);
    const all = usersOfGateways(users, gateways);
    await Promise.all(
      loads.map((load, place) =>
        load.call("open", {
          url: redis.url,
          users: all.filter((_, index) => index % PROCESSES === place),
          hears: true,
        }),
      ),
    );
    await pacedBy(loads, warmUp);
    const load = `${gateways} gateways, ${withThousands(rate / gateways)} ${SMALL_CALLS}`;
    log(load);
    const least = await probe({ redisPort: redis.port, dataDir: redis.dir });
    const pids = { redis: [redis.pid], load: loads.map(({ pid }) => pid) };
    const stopCounting = startCounting(pids);
    const figures = figuresOf(await pacedBy(loads, { rate, ms: stepMs }));
    const { cpu, busiest, elapsedMicros, machineShare } = stopCounting();
    const { messages = 0 } = figures;
    return [
      {
        ...{ subject: BUSES, load, machineShare, loadShare: busiest.load / elapsedMicros },
        figures: {
          ...{ ...figures, ...least, cpu: cpu.load / messages, redis: cpu.redis / messages },
          redisShare: (100 * cpu.redis) / elapsedMicros,
        },
      },
    ];
  } finally {
    for (const load of loads) load.stop();
  }
}

function pacedBy(loads: readonly Load<BusTasks>[], step: { rate: number; ms: number }) {
  const perSecond = step.rate / loads.length;
  const count = Math.max(1, Math.round((perSecond * step.ms) / 1000));
  const options = { perSecond, count, bytes: CONTENT_BYTES, limits: LIMITS };
  return Promise.all(loads.map((load) => load.call("paced", options)));
}

/** Sums up the results of all processes. */
export function figuresOf(results: readonly PacedResult[]): Figures {
  const sum = (of: (one: PacedResult) => number): number =>
    results.reduce((total, one) => total + of(one), 0);
  const acked = sum((one) => one.acked);
  const firstDueAt = Math.min(...results.map((one) => one.firstDueAt));
  const lastAt = Math.max(...results.map((one) => one.lastAt));
  return {
    messages: acked,
    rate: acked / ((lastAt - firstDueAt) / 1_000_000),
    perCall: acked / sum((one) => one.calls),
    ...latencyFigures(results.flatMap((one) => one.latencies)),
    lost: Math.max(0, 2 * acked - sum((one) => one.heard)),
    refused: sum((one) => one.refused),
  };
}
