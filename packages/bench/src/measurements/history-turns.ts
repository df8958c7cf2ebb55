import { setTimeout as delay } from "node:timers/promises";
import type { Context, Row } from "../measurement.ts";
import { mediansOf } from "../rounds.ts";
import { startCounting } from "../stopwatch.ts";

/** What is asked for, and of which process; `work` does it and says how often. */
export interface Turn {
  readonly subject: string;
  readonly load: string;
  readonly pid: number;
  /** Once, before all rounds: its process goes on through them. */
  readonly warmUp?: () => Promise<unknown>;
  readonly work: () => Promise<{ readonly count: number; readonly failed: number }>;
}

interface Others {
  readonly mongo: number;
  readonly load: number;
}

/** Long enough for ticks of 10 ms to say what a process uses at rest. */
const REST_MS = 2_000;

/** One after the other, and the other way round in every second round: the medians. */
export async function inRounds(turns: readonly Turn[], others: Others, context: Context): Promise<Row[]> {
  const { plan, say, failed } = context;
  const atRest = await restingShares(turns);
  for (const { subject, warmUp } of turns) {
    say(`warming up ${subject}`);
    await warmUp?.();
  }
  const rounds: Row[][] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const rows: Row[] = [];
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
      say(`${turn.subject}, ${turn.load}, ${round + 1} of ${plan.rounds}`);
      try {
        rows.push(await counted(turn, others, atRest.get(turn.pid) ?? 0));
      } catch (error) {
        failed(`${turn.subject}, ${turn.load}`, error);
      }
    }
    rounds.push(rows);
  }
  return mediansOf(rounds);
}

/** How much of a core each process uses while nobody asks it for anything. */
async function restingShares(turns: readonly Turn[]): Promise<Map<number, number>> {
  const resting = turns.map(({ pid }) => [pid, startCounting({ client: [pid] })] as const);
  await delay(REST_MS);
  return new Map(
    resting.map(([pid, stopCounting]) => {
      const { cpu, elapsedMicros } = stopCounting();
      return [pid, cpu.client / elapsedMicros];
    }),
  );
}

async function counted({ subject, load, pid, work }: Turn, others: Others, restShare: number): Promise<Row> {
  const stopCounting = startCounting({ client: [pid], mongo: [others.mongo], load: [others.load] });
  const { count, failed } = await work();
  const { cpu, elapsedMicros, busiest, machineShare } = stopCounting();
  return {
    subject,
    load,
    figures: {
      rate: count / (elapsedMicros / 1_000_000),
      cpu: (cpu.client - restShare * elapsedMicros) / count,
      share: (100 * cpu.client) / elapsedMicros,
      mongo: cpu.mongo / count,
      failed,
    },
    loadShare: busiest.load / elapsedMicros,
    machineShare,
  };
}
