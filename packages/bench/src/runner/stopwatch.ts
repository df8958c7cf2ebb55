import { setTimeout as delay } from "node:timers/promises";
import { steadyMicros } from "../load/stamp.ts";
import { cpuMicros, machineTicks } from "./proc.ts";

/** CPU used by each role's processes and by the whole machine. */
export interface Usage<Role extends string> {
  /** CPU of all processes of the role, in µs. */
  readonly cpu: Readonly<Record<Role, number>>;
  /** CPU of the role's busiest process, in µs. */
  readonly busiest: Readonly<Record<Role, number>>;
  readonly elapsedMicros: number;
  /** CPU of all processes on the machine, as a share of all cores (0 to 1). */
  readonly machineShare: number;
}

/** Process ids by role. */
export type Pids<Role extends string> = Readonly<Record<Role, readonly number[]>>;

/** Starts counting CPU. Returns a function that returns the usage since the start. */
export function startCounting<Role extends string>(pids: Pids<Role>): () => Usage<Role> {
  const roles = Object.entries(pids) as [Role, readonly number[]][];
  const startedAt = steadyMicros();
  const machineBefore = machineTicks();
  const before = new Map(roles.flatMap(([, all]) => all).map((pid) => [pid, cpuMicros(pid)]));
  return () => {
    const elapsedMicros = steadyMicros() - startedAt;
    const machine = machineTicks();
    const used = roles.map(
      ([role, all]) => [role, all.map((pid) => cpuMicros(pid) - (before.get(pid) ?? 0))] as const,
    );
    const byRole = (of: (each: readonly number[]) => number) =>
      Object.fromEntries(used.map(([role, each]) => [role, of(each)])) as Record<Role, number>;
    const total = machine.total - machineBefore.total;
    return {
      cpu: byRole((each) => each.reduce((sum, micros) => sum + micros, 0)),
      busiest: byRole((each) => Math.max(0, ...each)),
      elapsedMicros,
      machineShare: total > 0 ? 1 - (machine.idle - machineBefore.idle) / total : Number.NaN,
    };
  };
}

/**
 * Duration of an idle measurement. It is long because the CPU of an idle process is small and counted in ticks of 10
 * ms.
 */
const REST_MS = 2_000;

/**
 * Measures the CPU that idle processes use together, as a share of one core. Calls `meanwhile`, if any, every
 * `everyMs`.
 */
export async function measureIdleShare(
  pids: readonly number[],
  { everyMs = REST_MS, meanwhile }: { everyMs?: number; meanwhile?: () => Promise<unknown> } = {},
): Promise<number> {
  const stopCounting = startCounting({ resting: pids });
  for (let rested = 0; rested < REST_MS; rested += everyMs) {
    await delay(everyMs);
    await meanwhile?.();
  }
  const { cpu, elapsedMicros } = stopCounting();
  return cpu.resting / elapsedMicros;
}
