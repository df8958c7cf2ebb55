import { steadyMicros } from "./load/stamp.ts";
import { cpuMicros } from "./proc.ts";

/** CPU in µs by role, and the time that went by. */
export interface Used<Role extends string> {
  readonly cpu: Readonly<Record<Role, number>>;
  readonly elapsedMicros: number;
}

/** Starts to count; the function that it returns says what has been used since. */
export function startCounting<Role extends string>(pids: Readonly<Record<Role, number>>): () => Used<Role> {
  const roles = Object.entries(pids) as [Role, number][];
  const startedAt = steadyMicros();
  const before = new Map(roles.map(([role, pid]) => [role, cpuMicros(pid)]));
  return () => {
    const elapsedMicros = steadyMicros() - startedAt;
    const cpu = Object.fromEntries(
      roles.map(([role, pid]) => [role, cpuMicros(pid) - (before.get(role) ?? 0)]),
    ) as Record<Role, number>;
    return { cpu, elapsedMicros };
  };
}
