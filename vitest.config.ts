import { globSync } from "node:fs";
import { dirname } from "node:path";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./packages/testkit/src/longest-first.ts";

/** Suites of whole systems of processes run after all others, and only as many at a time as two cores can carry. */
const HEAVY: Record<string, object> = {
  "packages/e2e": { sequence: { groupOrder: 1 }, testTimeout: 120_000 },
  // One file of concurrent tests: clusters whose processes wait for each other most of the time.
  "packages/chaos": { sequence: { groupOrder: 2 }, testTimeout: 300_000, maxConcurrency: 4 },
};

const folders = globSync("{apps,packages}/*/package.json", { cwd: import.meta.dirname })
  .map(dirname)
  .sort();

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    // More than the cores of a small machine: most of the time a test waits for a server, a process or a deadline.
    maxWorkers: 3,
    // Nothing happens at import, so files may share a worker and what it has loaded: a third of the work is saved.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // For the same reason, a test that fails must not leave its stubs and spies to the files after it.
    restoreMocks: true,
    unstubGlobals: true,
    // Time for real servers on a slow machine; a test waits for conditions, so it is as fast as it can be.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    projects: folders.map((folder) => ({
      extends: true,
      root: folder,
      test: {
        name: folder.replace(/^\w+/, "@parley"),
        ...HEAVY[folder],
      },
    })),
  },
});
