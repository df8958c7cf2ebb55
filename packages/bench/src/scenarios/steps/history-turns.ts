import { mediansOf } from "../../runner/rounds.ts";
import type { Context, Row } from "../../runner/scenario.ts";
import { restingShare, startCounting } from "../../runner/stopwatch.ts";

/** What is asked for, and of which process; `work` does it and says how often. */
export interface Turn {
  readonly subject: string;
  readonly load: string;
  readonly pid: number;
  /** Once, before the first round: its process goes on through them. */
  readonly warmUp?: () => Promise<unknown>;
  readonly work: () => Promise<{ readonly count: number; readonly failed: number }>;
}

interface Others {
  readonly mongo: number;
  readonly load: number;
}

/** One after the other, and the other way round in every second round: the medians. */
export async function inRounds(turns: readonly Turn[], others: Others, context: Context): Promise<Row[]> {
  const { plan, say, failed } = context;
  const atRest = await restingShares(turns);
  const rounds: Row[][] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const rows: Row[] = [];
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
      say(`${turn.subject}, ${turn.load}, ${round + 1} of ${plan.rounds}`);
      try {
        if (round === 0) await turn.warmUp?.();
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
  return new Map(await Promise.all(turns.map(async ({ pid }) => [pid, await restingShare([pid])] as const)));
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
