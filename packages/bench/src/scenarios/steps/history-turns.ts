import { mediansOf } from "../../runner/rounds.ts";
import type { Context, Row } from "../../runner/scenario.ts";
import { measureIdleShare, startCounting } from "../../runner/stopwatch.ts";

/**
 * A measurement that is made once in each round. `work` reads history through the process `pid` and resolves with the
 * number of reads.
 */
export interface Turn {
  readonly subject: string;
  readonly load: string;
  readonly pid: number;
  /** Called once, before the first round, because the same process runs through all rounds. */
  readonly warmUp?: () => Promise<unknown>;
  readonly work: () => Promise<{ readonly count: number; readonly failed: number }>;
}

/** Ids of the other processes whose CPU is measured. */
interface OtherProcesses {
  readonly mongo: number;
  readonly load: number;
}

/** Runs all turns in every round, in reverse order in every second round. Resolves with the medians. */
export async function runTurns(
  turns: readonly Turn[],
  others: OtherProcesses,
  context: Context,
): Promise<Row[]> {
  const { plan, log, failed } = context;
  const idleShares = await idleSharesOf(turns);
  const rounds: Row[][] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const rows: Row[] = [];
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
      log(`${turn.subject}, ${turn.load}, ${round + 1} of ${plan.rounds}`);
      try {
        if (round === 0) await turn.warmUp?.();
        rows.push(await measure(turn, others, idleShares.get(turn.pid) ?? 0));
      } catch (error) {
        failed(`${turn.subject}, ${turn.load}`, error);
      }
    }
    rounds.push(rows);
  }
  return mediansOf(rounds);
}

/** Measures each process' CPU while it is idle, as a share of one core. */
async function idleSharesOf(turns: readonly Turn[]): Promise<Map<number, number>> {
  return new Map(
    await Promise.all(turns.map(async ({ pid }) => [pid, await measureIdleShare([pid])] as const)),
  );
}

async function measure(
  { subject, load, pid, work }: Turn,
  others: OtherProcesses,
  idleShare: number,
): Promise<Row> {
  const stopCounting = startCounting({ client: [pid], mongo: [others.mongo], load: [others.load] });
  const { count, failed } = await work();
  const { cpu, elapsedMicros, busiest, machineShare } = stopCounting();
  return {
    subject,
    load,
    figures: {
      rate: count / (elapsedMicros / 1_000_000),
      cpu: (cpu.client - idleShare * elapsedMicros) / count,
      share: (100 * cpu.client) / elapsedMicros,
      mongo: cpu.mongo / count,
      failed,
    },
    loadShare: busiest.load / elapsedMicros,
    machineShare,
  };
}
