import { defineConfig } from "vitest/config";

/** Each suite runs many processes of its own: one after the other, and with time for a slow machine. */
export default defineConfig({
  test: { fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 },
});
