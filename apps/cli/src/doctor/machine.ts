import { accessSync, constants, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { connectionsAllowed, openFileLimit } from "@parley/service";
import { type Finding, note, ok, wrong } from "./finding.ts";

const OLDEST_NODE = 22;
/** Below this a gateway is small. */
const FEW_FILES = 4_096;

/** What a service would find on this machine. */
export function machine(): Finding[] {
  const limit = openFileLimit();
  const says = `${limit}: a gateway holds ${connectionsAllowed(limit)} connections`;
  return [
    Number.parseInt(process.versions.node, 10) >= OLDEST_NODE
      ? ok("node", process.versions.node)
      : wrong("node", `${process.versions.node} is too old`, "Use Node 22 or newer."),
    limit >= FEW_FILES
      ? ok("open files", says)
      : note("open files", says, "Raise it where more are wanted: ulimit -n 65536."),
  ];
}

/** Whether standalone can keep its data. */
export function dataDir(dir: string): Finding {
  const there = nearest(dir);
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
  } catch {
    return wrong("data", `${there} cannot be written to`, "Set DATA_DIR to a folder of your own.");
  }
  return existsSync(join(dir, "jwt-secret")) || there === dir
    ? ok("data", dir)
    : note("data", `${dir} is not there yet: start makes it`);
}

/** The folder, or the one above it that exists. */
function nearest(dir: string): string {
  return existsSync(dir) || dirname(dir) === dir ? dir : nearest(dirname(dir));
}

/** Ids are made from Redis' clock, tokens end by the services': what differs by more is wrong (NTP keeps 0.1 s). */
const MOST_SKEW_MS = 5_000;
const NOTABLE_SKEW_MS = 1_500;

/** How far a clock is ahead of this machine's; `aheadMs` undefined where nobody said. */
export function clock(of: string, aheadMs: number | undefined): Finding[] {
  if (aheadMs === undefined) return [];
  const apart = Math.abs(aheadMs);
  const seconds = (apart / 1000).toFixed(1);
  if (apart <= NOTABLE_SKEW_MS) return [ok("clock", `${of} agrees with this machine (${seconds} s apart)`)];
  const says = `${of} is ${seconds} s ${aheadMs < 0 ? "behind" : "ahead of"} this machine`;
  const mend = "Let both follow NTP: tokens end, and ids are made, by these clocks.";
  return [apart > MOST_SKEW_MS ? wrong("clock", says, mend) : note("clock", says, mend)];
}
