import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "@parley/local";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Standalone, startStandalone } from "../rig/shapes.ts";
import { storeForBob } from "../rig/stored-messages.ts";

const MESSAGES = 20_000;
/**
 * Estimated bytes that a user may read per second. A burst may have 8 MB, but 20,000 short messages cost 11 MB. The
 * client must therefore wait about three seconds.
 */
const READ_RATE_BYTES = 1_000_000;

let dataDir: string;
let deployment: Standalone;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "parley-e2e-"));
  await storeForBob(dataDir, MESSAGES, "x".repeat(50));
  deployment = await startStandalone({ dataDir, env: { READ_RATE_BYTES: String(READ_RATE_BYTES) } });
});
afterAll(async () => {
  await deployment?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

it("G3, G5: a client that reads more than its rate waits as told, and gets everything in order", async () => {
  const program = fileURLToPath(new URL("./catch-up.child.ts", import.meta.url));
  const args = [program, deployment.gateways[0], await deployment.token("bob"), String(MESSAGES)];
  const child = await startChild({ command: process.execPath, args });
  expect(await child.exited, child.output()).toEqual({ code: 0, signal: null });
  expect(JSON.parse(child.output().split("\n")[0] ?? "")).toMatchObject({ phase: "live", count: MESSAGES });
  const metrics = await (await fetch(`${deployment.app.adminUrl}/metrics`)).text();
  expect(metrics).toMatch(/parley_history_limited_total\{limit="rate",share="user"\} [1-9]/);
}, 120_000);
