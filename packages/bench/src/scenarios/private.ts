import type { Plan } from "../runner/plan.ts";
import type { Context, Scenario } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { TARGETS } from "../targets/all.ts";
import { parleyTwoWorkers } from "../targets/parley-split.ts";
import type { RunningTarget } from "../targets/target.ts";
import { ChatUsers } from "./steps/chat-users.ts";
import { SKIP_SHARE, SUSTAINED_SHARE } from "./steps/limits.ts";
import { latencyColumns, probe } from "./steps/probe.ts";
import type { Measured } from "./steps/room.ts";
import { caseOf, SKIPPED, withThousands } from "./steps/with-target.ts";

/** Time to connect, for the estimate of the time left. */
const CONNECT_SECONDS = 3;

const secondsOf = ({ private: { warmUp, stepMs } }: Plan, steps: number): number =>
  CONNECT_SECONDS + (warmUp.ms + steps * (stepMs + 500)) / 1000;

/** Private messages between users: cost per message and latency at several rates. */
export const privateMessages: Scenario = {
  name: "private",
  title: "Private messages between 1,000 users",
  notes: [
    "Each user writes to the next; a message goes to its recipient and back to its sender, and CPU is that of one message with both.",
    "Parley's are durable, deduplicated by ref and acknowledged (Redis with appendfsync always; standalone in SQLite). The peers' are neither durable nor deduplicated; Centrifuge acknowledges one once Redis has published it, the others tell nobody.",
    "Latency as above, of recipient and sender alike. full: less than 95 % of what was asked for came through. Below 80 % it is not asked for more.",
    "Two workers are two gateways on one port (REUSE_PORT); their CPU is added up.",
  ],
  columns: [
    {
      key: "rate",
      title: "messages/s",
      digits: 0,
      mark: ({ asked = 0, rate = 0 }) => (rate < SUSTAINED_SHARE * asked ? "full" : undefined),
    },
    { key: "cpu", title: "server µs/message", digits: 1 },
    { key: "share", title: "server % of a core", digits: 0 },
    { key: "redis", title: "Redis µs/message", digits: 1 },
    ...latencyColumns(),
    { key: "lost", title: "lost", digits: 0 },
    { key: "refused", title: "refused", digits: 0 },
  ],
  cases: [
    ...TARGETS.map((target) =>
      caseOf(
        target,
        (plan) => secondsOf(plan, plan.private.rates.length),
        (running, context) => chatAt(running, context.plan.private.rates, context),
      ),
    ),
    caseOf(
      parleyTwoWorkers,
      (plan) => secondsOf(plan, 1),
      (running, context) => chatAt(running, [context.plan.private.twoWorkers], context),
    ),
  ],
};

async function chatAt(running: RunningTarget, rates: readonly number[], { plan, log }: Context) {
  const { users: userCount, warmUp, stepMs } = plan.private;
  log(`connecting ${withThousands(userCount)} users`);
  const users = await ChatUsers.connect(running, userCount);
  try {
    await users.chat(warmUp);
    const rows: (Measured & { load: string })[] = [];
    let isFarBehind = false;
    for (const rate of rates) {
      const load = `${withThousands(rate)} messages/s`;
      if (isFarBehind) {
        rows.push({ load, ...SKIPPED });
        continue;
      }
      log(load);
      const measured = await measureStep(running, users, { rate, ms: stepMs });
      rows.push({ load, ...measured });
      isFarBehind = (measured.figures.rate ?? 0) < SKIP_SHARE * rate;
    }
    return rows;
  } finally {
    users.stop();
  }
}

async function measureStep(
  running: RunningTarget,
  users: ChatUsers,
  step: { rate: number; ms: number },
): Promise<Measured> {
  const least = await probe(running);
  const stopCounting = startCounting({ ...running.pids, load: users.loadPids });
  const figures = await users.chat(step);
  const { cpu, busiest, elapsedMicros, machineShare } = stopCounting();
  const { messages = 0 } = figures;
  return {
    figures: {
      asked: step.rate,
      ...figures,
      cpu: cpu.server / messages,
      redis: cpu.redis / messages,
      share: (100 * cpu.server) / elapsedMicros,
      ...least,
    },
    loadShare: busiest.load / elapsedMicros,
    machineShare,
  };
}
