import { configDefaults, defineConfig } from "vitest/config";
import { LongestFirst } from "./packages/testkit/src/longest-first.ts";

/** Suites of whole systems of processes. They run after all others, with more time for each test. */
const SYSTEMS: Record<string, object> = {
  e2e: { testTimeout: 120_000 },
  // Most of it is one file of concurrent tests: clusters whose processes wait for each other most of the time.
  chaos: { testTimeout: 300_000, maxConcurrency: 4 },
};

export default defineConfig({
  test: {
    // More than the cores of a small machine: most of the time a test waits for a server, a process or a deadline.
    maxWorkers: 4,
    // Nothing happens at import, so files may share a worker and what it has loaded: a third of the work is saved.
    isolate: false,
    // Node imports the sources itself, as it does when they are run: no test mocks a module, and importing takes less.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    sequence: { sequencer: LongestFirst },
    // For the same reason, a test that fails must not leave its stubs and spies to the files after it.
    restoreMocks: true,
    unstubGlobals: true,
    // Time for real servers on a slow machine; a test waits for conditions, so it is as fast as it can be.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    // Few projects, because a worker keeps what it has loaded only while it runs files of the same project.
    projects: [
      {
        extends: true,
        test: {
          name: "units",
          include: ["{apps,packages}/*/src/**/*.test.ts"],
          exclude: [...configDefaults.exclude, `packages/{${Object.keys(SYSTEMS)}}/**`],
        },
      },
      ...Object.entries(SYSTEMS).map(([name, settings]) => ({
        extends: true as const,
        test: {
          name,
          include: [`packages/${name}/src/**/*.test.ts`],
          sequence: { groupOrder: 1 },
          ...settings,
        },
      })),
    ],
  },
});
