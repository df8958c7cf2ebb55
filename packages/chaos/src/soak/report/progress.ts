import { countsOf, type Running } from "../running.ts";
import { appsOf } from "../sampler.ts";

/** Describes the run so far: its counts, the memory of all processes, and the failures. */
export function describeProgress(running: Running, minutesDone: number, minutes: number): string {
  const { cluster, sampler, failures } = running;
  const { sent, lost, duplicated } = countsOf(running);
  const memory = (process: string) => sampler.newest(process, "resident memory").toFixed(0);
  const apps = appsOf(cluster).map(({ process }) => `${process} ${memory(process)}`);
  return [
    `minute ${minutesDone.toFixed(1)} of ${minutes}: ${sent} sent, ${lost} lost, ${duplicated} doubled`,
    `${sampler.newest("redis", "pending entries")} pending`,
    `MiB: ${apps.join(", ")}, redis ${sampler.newest("redis", "memory").toFixed(0)}`,
    ...(failures.size > 0 ? [`failed: ${describeFailures(failures)}`] : []),
  ].join("; ");
}

export function describeFailures(failures: ReadonlyMap<string, number>): string {
  return [...failures].map(([reason, count]) => `${reason} (${count} times)`).join(", ");
}
