import { setTimeout as delay } from "node:timers/promises";
import { steadyMicros } from "../load/stamp.ts";
import { cpuMicros, machineTicks } from "./proc.ts";

/** What has been used by role, and by the whole machine. */
export interface Used<Role extends string> {
  /** CPU of all processes of the role, in µs. */
  readonly cpu: Readonly<Record<Role, number>>;
  /** CPU of the one that used most, in µs. */
  readonly busiest: Readonly<Record<Role, number>>;
  readonly elapsedMicros: number;
  /** Of all cores, by whatever process; 0 to 1. */
  readonly machineShare: number;
}

export type Pids<Role extends string> = Readonly<Record<Role, readonly number[]>>;

/** Starts to count; the function that it returns says what has been used since. */
export function startCounting<Role extends string>(pids: Pids<Role>): () => Used<Role> {
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

/** Long enough for ticks of 10 ms to say what a process uses at rest. */
const REST_MS = 2_000;

/** How much of a core processes use together while they have nothing to do, but what `meanwhile` asks them from time to time. */
export async function restingShare(
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
