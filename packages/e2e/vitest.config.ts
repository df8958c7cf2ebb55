import { defineConfig } from "vitest/config";

/** Each suite starts many processes, so the files run one after the other with timeouts for a slow machine. */
export default defineConfig({
  test: { fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 },
});
