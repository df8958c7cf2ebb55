import { readFileSync } from "node:fs";

/**
 * CPU and memory from Linux' /proc. These are measured from outside, so they work the same for every process and
 * include all of its threads (garbage collection, fsync, Redis' I/O threads). A tick is 10 ms, so a measurement
 * should last seconds.
 */

/** USER_HZ: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const MICROS_PER_TICK = 1_000_000 / TICKS_PER_SECOND;
/** Indexes of fields after the name in /proc/<pid>/stat, from 0. See proc(5). */
const UTIME = 11;
const STIME = 12;

/** Returns the CPU time that a process has used so far, user and system, in µs. */
export function cpuMicros(pid: number): number {
  return parseCpuMicros(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Returns a process' resident memory in bytes. */
export function residentBytes(pid: number): number {
  return parseResidentBytes(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** Returns the total time and the idle time of all cores since boot, in ticks. */
export function machineTicks(): { readonly total: number; readonly idle: number } {
  return parseMachineTicks(readFileSync("/proc/stat", "utf8"));
}

/**
 * Fields: user, nice, system, idle, iowait, irq, softirq, steal. Later fields (time of guests) are included in user.
 */
export function parseMachineTicks(stat: string): { total: number; idle: number } {
  const ticks = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.split(" ").slice(0, 8).map(Number);
  if (ticks?.length !== 8) throw new Error("this text isn't from /proc/stat");
  const [idle = 0, waiting = 0] = ticks.slice(3, 5);
  return { total: ticks.reduce((sum, each) => sum + each, 0), idle: idle + waiting };
}

/** Parses /proc/<pid>/stat. The name is in parentheses and may contain spaces and parentheses. */
export function parseCpuMicros(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[UTIME]) + Number(fields[STIME]);
  if (!Number.isFinite(ticks)) throw new Error("this text isn't from /proc/<pid>/stat");
  return ticks * MICROS_PER_TICK;
}

/** Parses the resident memory in /proc/<pid>/status. */
export function parseResidentBytes(status: string): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error("this text isn't from /proc/<pid>/status");
  return Number(kibibytes) * 1024;
}
