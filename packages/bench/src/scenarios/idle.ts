import { setTimeout as delay } from "node:timers/promises";
import { type Load, startLoad } from "../load/load.ts";
import type { ListenTasks } from "../load/tasks/listen.ts";
import { residentBytes } from "../runner/proc.ts";
import type { Context, Measurement } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { SUBJECTS } from "../targets/all.ts";
import type { RunningSubject } from "../targets/target.ts";
import { caseOf, inThousands } from "./steps/with-target.ts";

/** At the rate of the slowest. */
const CONNECTIONS_PER_SECOND = 1_200;

export const idle: Measurement = {
  name: "idle",
  title: "Connections: how fast they come, and what one costs that is silent",
  notes: [
    "Each with a user and a token of its own, 50 handshakes at a time, counted until it hears what is said (Parley: its `ready`).",
    "Memory is what the server's resident memory grew by, its garbage collected before either look, heartbeat and what is known of the user included. Buffers of the kernel are not in it.",
  ],
  columns: [
    { key: "rate", title: "connections/s", digits: 0 },
    { key: "cpu", title: "server µs/connection", digits: 0 },
    { key: "memory", title: "KiB/connection", digits: 1 },
    { key: "idleShare", title: "server % of a core, idle", digits: 1 },
  ],
  cases: SUBJECTS.map((subject) =>
    caseOf(
      subject,
      ({ idle: { connections, settleMs } }) =>
        2 + connections / CONNECTIONS_PER_SECOND + (2 * settleMs) / 1000,
      connectMany,
    ),
  ),
};

async function connectMany(running: RunningSubject, context: Context) {
  const warm = startLoad<ListenTasks>("listen");
  const load = startLoad<ListenTasks>("listen");
  try {
    return [await withLoads(running, { warm, load }, context)];
  } finally {
    warm.stop();
    load.stop();
  }
}

async function withLoads(
  running: RunningSubject,
  { warm, load }: Record<"warm" | "load", Load<ListenTasks>>,
  { plan, say }: Context,
) {
  const { connections, warmUp, settleMs } = plan.idle;
  const { target, pids } = running;
  // These stay: what the first connections compile and allocate once is not counted with the others.
  await warm.call("connect", { target, tokens: await running.tokens(warmUp, "early") });
  const tokens = await running.tokens(connections, "idle");
  const before = await settled(running, settleMs);
  say(`${inThousands(connections)} connections`);
  const stopCounting = startCounting({ ...pids, load: [load.pid] });
  const { elapsedMs } = await load.call("connect", { target, tokens });
  const { cpu, busiest, elapsedMicros, machineShare } = stopCounting();
  const resting = startCounting(pids);
  await delay(settleMs);
  const rest = resting();
  const after = await settled(running, 0);
  return {
    load: `${inThousands(connections)} connections`,
    figures: {
      rate: connections / (elapsedMs / 1000),
      cpu: cpu.server / connections,
      memory: (after - before) / 1024 / connections,
      idleShare: (100 * rest.cpu.server) / rest.elapsedMicros,
    },
    loadShare: busiest.load / elapsedMicros,
    machineShare,
  };
}

/** The memory of the servers once they have come to rest, without their garbage. */
async function settled({ pids, collectGarbage }: RunningSubject, settleMs: number): Promise<number> {
  await delay(settleMs);
  await collectGarbage();
  return pids.server.reduce((sum, pid) => sum + residentBytes(pid), 0);
}
