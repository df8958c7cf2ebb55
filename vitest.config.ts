import { globSync } from "node:fs";
import { dirname } from "node:path";
import { defineConfig } from "vitest/config";

/** Whole systems of processes: one file at a time, and after everything else, so that two cores do. */
const HEAVY = ["packages/e2e"];

const HEAVY_SETTINGS = { fileParallelism: false, sequence: { groupOrder: 1 }, testTimeout: 120_000 };

const folders = globSync("{apps,packages}/*/package.json", { cwd: import.meta.dirname })
  .map(dirname)
  .sort();

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    maxWorkers: 2,
    // Time for real servers on a slow machine; a test waits for conditions, so it is as fast as it can be.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: folders.map((folder) => ({
      extends: true,
      root: folder,
      test: {
        name: folder.replace(/^\w+/, "@parley"),
        ...(HEAVY.includes(folder) && HEAVY_SETTINGS),
      },
    })),
  },
});
