import { setTimeout as delay } from "node:timers/promises";
import { type Load, startLoad } from "../load/load.ts";
import type { ListenTasks } from "../load/tasks/listen.ts";
import { residentBytes } from "../runner/proc.ts";
import type { Context, Scenario } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { TARGETS } from "../targets/all.ts";
import type { RunningTarget } from "../targets/target.ts";
import { caseOf, withThousands } from "./steps/with-target.ts";

/** Connections a second of the slowest target, for the estimate of the time left. */
const CONNECTIONS_PER_SECOND = 1_200;

/** Cost of connecting, and memory and CPU of idle connections. */
export const idle: Scenario = {
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
  cases: TARGETS.map((target) =>
    caseOf(
      target,
      ({ idle: { connections, settleMs } }) =>
        2 + connections / CONNECTIONS_PER_SECOND + (2 * settleMs) / 1000,
      measureConnections,
    ),
  ),
};

async function measureConnections(running: RunningTarget, context: Context) {
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
  running: RunningTarget,
  { warm, load }: Record<"warm" | "load", Load<ListenTasks>>,
  { plan, log }: Context,
) {
  const { connections, warmUp, settleMs } = plan.idle;
  const { endpoint, pids } = running;
  // Warm-up connections, which stay open. They trigger one-time compilation and allocation, which must not be
  // measured.
  await warm.call("connect", { endpoint, tokens: await running.tokens(warmUp, "early") });
  const tokens = await running.tokens(connections, "idle");
  const before = await settledMemory(running, settleMs);
  log(`${withThousands(connections)} connections`);
  const stopCounting = startCounting({ ...pids, load: [load.pid] });
  const { elapsedMs } = await load.call("connect", { endpoint, tokens });
  const { cpu, busiest, elapsedMicros, machineShare } = stopCounting();
  const stopIdle = startCounting(pids);
  await delay(settleMs);
  const idleUsage = stopIdle();
  const after = await settledMemory(running, 0);
  return {
    load: `${withThousands(connections)} connections`,
    figures: {
      rate: connections / (elapsedMs / 1000),
      cpu: cpu.server / connections,
      memory: (after - before) / 1024 / connections,
      idleShare: (100 * idleUsage.cpu.server) / idleUsage.elapsedMicros,
    },
    loadShare: busiest.load / elapsedMicros,
    machineShare,
  };
}

/** Returns the servers' memory in bytes after a pause and a garbage collection. */
async function settledMemory({ pids, collectGarbage }: RunningTarget, settleMs: number): Promise<number> {
  await delay(settleMs);
  await collectGarbage();
  return pids.server.reduce((sum, pid) => sum + residentBytes(pid), 0);
}
