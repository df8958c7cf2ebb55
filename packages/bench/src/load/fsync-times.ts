import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { steadyMicros } from "./stamp.ts";

/** About what Redis appends to its file for one message. */
const RECORD = Buffer.alloc(512, "x");

/**
 * Appends to a file in `folder` and makes each record durable, as Redis does with `appendfsync always` before it
 * answers. Returns the times in µs: `count` of them, or fewer after `maxMs`.
 */
export function fsyncTimes(
  folder: string,
  { count, maxMs }: { readonly count: number; readonly maxMs: number },
): number[] {
  const file = join(folder, `fsync-${process.pid}`);
  const descriptor = openSync(file, "a");
  const endsAt = performance.now() + maxMs;
  const times: number[] = [];
  try {
    do {
      const startedAt = steadyMicros();
      writeSync(descriptor, RECORD);
      fdatasyncSync(descriptor);
      times.push(steadyMicros() - startedAt);
    } while (times.length < count && performance.now() < endsAt);
  } finally {
    closeSync(descriptor);
    rmSync(file);
  }
  return times;
}
