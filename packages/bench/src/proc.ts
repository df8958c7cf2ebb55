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
