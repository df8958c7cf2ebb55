import type { LocalServer } from "@parley/local";
import { startLoad } from "../load/load.ts";
import { type Command, redisRoundTrips } from "../load/redis-round-trips.ts";
import type { BusTasks } from "../load/tasks/bus.ts";
import { CONTENT_BYTES } from "../runner/plan.ts";
import type { Context, Row, Scenario } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { usersOfGateways, withLog } from "./steps/bus-log.ts";
import { latencyColumns, latencyFigures, probe } from "./steps/probe.ts";

/** Subjects and loads of this scenario, as the report names them. */
export const APPEND_CALL = "Parley's append call";
export const BARE_COMMANDS = "XADD, HSET, 2 PUBLISH";
export const ONE_DRAFT = "one draft a call";
const MANY_DRAFTS = "drafts a call";
const USERS = 100;
const START_SECONDS = 8;

/** Redis' CPU for one call to the log, compared with the commands that it can't do without. */
export const call: Scenario = {
  name: "call",
  title: "Calls to the log, and the bare commands",
  notes: [
    "Eight connections, each of which makes its next call when the one before is answered, so that Redis is never idle and shares an fsync among those that came together. The bare commands are what a durable, deduplicated private message can't do without: an XADD, an HSET for its ref and a PUBLISH for each of two users, in one write, with the same content.",
    "further: Redis' CPU for each draft of a call after the first.",
  ],
  columns: [
    { key: "rate", title: "calls/s", digits: 0 },
    { key: "redis", title: "Redis µs/call", digits: 1 },
    { key: "further", title: "Redis µs/further draft", digits: 1 },
    { key: "redisShare", title: "Redis % of a core", digits: 0 },
    ...latencyColumns(2),
  ],
  cases: [
    {
      name: APPEND_CALL,
      seconds: ({ call: { warmUpMs, ms } }) => START_SECONDS + (3 * (warmUpMs + ms)) / 1000,
      run: (context) => withLog((redis) => measureCalls(redis, context)),
    },
  ],
};

async function measureCalls(redis: LocalServer, { plan, log }: Context): Promise<Row[]> {
  const { connections, drafts, warmUpMs, ms } = plan.call;
  const load = startLoad<BusTasks>("bus");
  const calls = (count: number) => (duration: number) =>
    load.call("oneAtATime", { drafts: count, bytes: CONTENT_BYTES, ms: duration });
  const bare = async (duration: number) => {
    const loops = Array.from({ length: connections }, (_, index) =>
      redisRoundTrips(redis.port, (n) => bareCommands(n * connections + index), { ms: duration }),
    );
    return (await Promise.all(loops)).flat();
  };
  const measure = async (subject: string, name: string, work: (ms: number) => Promise<number[]>) => {
    log(`${subject}, ${name}`);
    await work(warmUpMs);
    const least = await probe({ redisPort: redis.port, dataDir: redis.dir });
    const stopCounting = startCounting({ redis: [redis.pid], load: [load.pid, process.pid] });
    const times = await work(ms);
    const { cpu, busiest, elapsedMicros, machineShare } = stopCounting();
    return {
      ...{ subject, load: name, machineShare, loadShare: busiest.load / elapsedMicros },
      figures: {
        rate: times.length / (elapsedMicros / 1_000_000),
        redis: cpu.redis / times.length,
        redisShare: (100 * cpu.redis) / elapsedMicros,
        ...{ ...latencyFigures(times), ...least },
      },
    };
  };
  try {
    // Nobody hears the messages, as nobody hears those of the bare commands.
    await load.call("open", { url: redis.url, users: usersOfGateways(USERS, connections), hears: false });
    const one = await measure(APPEND_CALL, ONE_DRAFT, calls(1));
    const floor = await measure(BARE_COMMANDS, ONE_DRAFT, bare);
    const many = await measure(APPEND_CALL, `${drafts} ${MANY_DRAFTS}`, calls(drafts));
    const further = (many.figures.redis - one.figures.redis) / (drafts - 1);
    return [{ ...one, figures: { ...one.figures, further } }, floor, many];
  } finally {
    load.stop();
  }
}

/** The commands that one draft needs at least, with an entry of the same fields as Parley's. */
export function bareCommands(n: number): Command[] {
  const [from, to] = [`user-${n % USERS}`, `user-${(n + 1) % USERS}`];
  const body = `"from":"${from}","to":"${to}","content":"${"x".repeat(CONTENT_BYTES)}"`;
  const id = String(n).padStart(24, "0");
  return [
    ["XADD", "bench:log", "*", "v", "1", "m", body, "r", id, "n", String(n), "b", String(n * body.length)],
    ["HSET", "bench:refs", id.slice(-16), id],
    ...[from, to].map((user) => ["PUBLISH", `bench:user:${user}`, `${id}${body}`]),
  ];
}
