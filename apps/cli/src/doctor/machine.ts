import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { maxConnectionsFor, openFileLimit } from "@parley/service";
import { type Finding, note, ok, wrong } from "./finding.ts";

const MIN_NODE_VERSION = 22;
/** The limit of open files below which a gateway can hold only few connections. */
const MIN_OPEN_FILES = 4_096;

/** Checks Node's version and the limit of open files. */
export function checkMachine(): Finding[] {
  const limit = openFileLimit();
  const detail = `${limit}: a gateway can hold ${maxConnectionsFor(limit)} connections`;
  return [
    Number.parseInt(process.versions.node, 10) >= MIN_NODE_VERSION
      ? ok("node", process.versions.node)
      : wrong("node", `${process.versions.node} is too old`, "Use Node 22.16 or newer."),
    limit >= MIN_OPEN_FILES
      ? ok("open files", detail)
      : note("open files", detail, "Raise the limit if you need more: ulimit -n 65536."),
  ];
}

/** Checks that standalone can write to its data folder, or create it. */
export function checkDataDir(dir: string): Finding {
  const existing = nearestExisting(dir);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch {
    return wrong("data", `${existing} is not writable`, "Set DATA_DIR to a folder that is.");
  }
  return existing === dir ? ok("data", dir) : note("data", `${dir} doesn't exist yet: start creates it`);
}

/** Returns the folder if it exists, otherwise its nearest parent that exists. */
function nearestExisting(dir: string): string {
  return existsSync(dir) || dirname(dir) === dir ? dir : nearestExisting(dirname(dir));
}

/**
 * A larger difference is wrong, because ids follow Redis' clock and tokens expire by the services' clocks. NTP keeps
 * clocks within 0.1 s.
 */
const MAX_SKEW_MS = 5_000;
const NOTABLE_SKEW_MS = 1_500;

/** Checks how far a clock is ahead of this machine's. Returns no finding if `aheadMs` is unknown. */
export function checkClock(of: string, aheadMs: number | undefined): Finding[] {
  if (aheadMs === undefined) return [];
  const skewMs = Math.abs(aheadMs);
  const seconds = (skewMs / 1000).toFixed(1);
  if (skewMs <= NOTABLE_SKEW_MS) {
    return [ok("clock", `${of} agrees with this machine (the difference is ${seconds} s)`)];
  }
  const detail = `${of} is ${seconds} s ${aheadMs < 0 ? "behind" : "ahead of"} this machine`;
  const fix = "Synchronize both with NTP: tokens expire, and ids are made, by these clocks.";
  return [skewMs > MAX_SKEW_MS ? wrong("clock", detail, fix) : note("clock", detail, fix)];
}
