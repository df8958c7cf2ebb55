import { spawnSync } from "node:child_process";

/**
 * Returns true if the programs are on the PATH. Otherwise prints that a suite is skipped, and why: no package registry
 * has Prometheus, so the tests can't install it.
 */
export function hasTools(...commands: readonly ("promtool" | "prometheus")[]): boolean {
  const missing = commands.filter((command) => spawnSync(command, ["--version"]).error !== undefined);
  if (missing.length === 0) return true;
  process.stderr.write(
    `\n*** SKIPPED: a suite that needs ${missing.join(" and ")}. In Debian: apt-get install prometheus\n\n`,
  );
  return false;
}
