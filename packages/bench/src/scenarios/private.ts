import type { Plan } from "../runner/plan.ts";
import type { Context, Measurement } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { SUBJECTS } from "../targets/all.ts";
import { parleyTwoWorkers } from "../targets/parley-split.ts";
import type { RunningSubject } from "../targets/target.ts";
import type { Measured } from "./steps/room.ts";
import { Talkers } from "./steps/talkers.ts";
import { caseOf, inThousands, NOT_TRIED } from "./steps/with-target.ts";

/** Below this share of what was asked for, a subject is full. */
const KEPT_SHARE = 0.95;
/** Below this one it is not asked for more: what it owes would take long. */
const HOPELESS_SHARE = 0.8;
const CONNECT_SECONDS = 3;

const secondsOf = ({ private: { warmUp, stepMs } }: Plan, steps: number): number =>
  CONNECT_SECONDS + (warmUp.ms + steps * (stepMs + 500)) / 1000;

export const privateMessages: Measurement = {
  name: "private",
  title: "Private messages between 1,000 users",
  notes: [
    "Each user writes to the next; a message goes to its recipient and back to its sender, and CPU is that of one message with both.",
    "Parley's are durable, deduplicated by ref and acknowledged (Redis with appendfsync always; standalone in SQLite). The peers' are none of that: nothing is kept and nobody is told.",
    "Latency as above, of recipient and sender alike. full: less than 95 % of what was asked for came through. Below 80 % it is not asked for more.",
    "Two workers are two gateways on one port (REUSE_PORT); their CPU is added up.",
  ],
  columns: [
    {
      key: "rate",
      title: "messages/s",
      digits: 0,
      mark: ({ asked = 0, rate = 0 }) => (rate < KEPT_SHARE * asked ? "full" : undefined),
    },
    { key: "cpu", title: "server µs/message", digits: 1 },
    { key: "share", title: "server % of a core", digits: 0 },
    { key: "redis", title: "Redis µs/message", digits: 1 },
    { key: "p50", title: "p50 ms", digits: 1 },
    { key: "p99", title: "p99 ms", digits: 1 },
    { key: "p999", title: "p99.9 ms", digits: 1 },
    { key: "lost", title: "lost", digits: 0 },
    { key: "refused", title: "refused", digits: 0 },
  ],
  cases: [
    ...SUBJECTS.map((subject) =>
      caseOf(
        subject,
        (plan) => secondsOf(plan, plan.private.rates.length),
        (running, context) => talkAt(running, context.plan.private.rates, context),
      ),
    ),
    caseOf(
      parleyTwoWorkers,
      (plan) => secondsOf(plan, 1),
      (running, context) => talkAt(running, [context.plan.private.twoWorkers], context),
    ),
  ],
};

async function talkAt(running: RunningSubject, rates: readonly number[], { plan, say }: Context) {
  const { users, warmUp, stepMs } = plan.private;
  say(`connecting ${inThousands(users)} users`);
  const talkers = await Talkers.connect(running, users);
  try {
    await talkers.talk(warmUp);
    const rows: (Measured & { load: string })[] = [];
    let isHopeless = false;
    for (const rate of rates) {
      const load = `${inThousands(rate)} messages/s`;
      if (isHopeless) {
        rows.push({ load, ...NOT_TRIED });
        continue;
      }
      say(load);
      const measured = await step(running, talkers, { rate, ms: stepMs });
      rows.push({ load, ...measured });
      isHopeless = (measured.figures.rate ?? 0) < HOPELESS_SHARE * rate;
    }
    return rows;
  } finally {
    talkers.stop();
  }
}

async function step(
  { pids }: RunningSubject,
  talkers: Talkers,
  asked: { rate: number; ms: number },
): Promise<Measured> {
  const stopCounting = startCounting({ ...pids, load: talkers.loadPids });
  const talked = await talkers.talk(asked);
  const { cpu, busiest, elapsedMicros, machineShare } = stopCounting();
  const { messages = 0 } = talked;
  return {
    figures: {
      asked: asked.rate,
      ...talked,
      cpu: cpu.server / messages,
      redis: cpu.redis / messages,
      share: (100 * cpu.server) / elapsedMicros,
    },
    loadShare: busiest.load / elapsedMicros,
    machineShare,
  };
}
