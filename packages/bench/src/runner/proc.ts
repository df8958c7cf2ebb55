import { readFileSync } from "node:fs";

/**
 * What a process has used, from Linux' /proc: measured from outside, the same for every process whatever it is
 * written in, and all of its threads are in it (garbage collection, fsync, Redis' I/O threads).
 * A tick is 10 ms, so what is measured should take seconds.
 */

/** USER_HZ: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const MICROS_PER_TICK = 1_000_000 / TICKS_PER_SECOND;
/** Fields of /proc/<pid>/stat after the name, from 0: see proc(5). */
const UTIME = 11;
const STIME = 12;

/** CPU time used so far, user and system, in µs. */
export function cpuMicros(pid: number): number {
  return parseCpuMicros(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Memory that is resident now, in bytes. */
export function residentBytes(pid: number): number {
  return parseResidentBytes(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** Time of all cores since the start of the machine, in ticks, and how much of it they had nothing to do. */
export function machineTicks(): { readonly total: number; readonly idle: number } {
  return parseMachineTicks(readFileSync("/proc/stat", "utf8"));
}

/** user, nice, system, idle, iowait, irq, softirq, steal; what guests used is in user already. */
export function parseMachineTicks(stat: string): { total: number; idle: number } {
  const ticks = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.split(" ").slice(0, 8).map(Number);
  if (ticks?.length !== 8) throw new Error("this is no /proc/stat");
  const [idle = 0, waiting = 0] = ticks.slice(3, 5);
  return { total: ticks.reduce((sum, each) => sum + each, 0), idle: idle + waiting };
}

/** The name stands in parentheses and may hold spaces and parentheses itself. */
export function parseCpuMicros(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[UTIME]) + Number(fields[STIME]);
  if (!Number.isFinite(ticks)) throw new Error("this is no /proc/<pid>/stat");
  return ticks * MICROS_PER_TICK;
}

export function parseResidentBytes(status: string): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error("this is no /proc/<pid>/status");
  return Number(kibibytes) * 1024;
}
