import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "@parley/local";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findNode } from "../rig/node-versions.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

const SDK = fileURLToPath(import.meta.resolve("../../../client/dist/parley.js"));
const PROGRAM = fileURLToPath(new URL("./node-versions.child.ts", import.meta.url));
const OUTPUT = ["offline", "sent", "received true", "read true", "closed", "unauthorized", ""].join("\n");

const NODES = [
  ["22", await findNode("22.23.5")],
  ["24", await findNode("24.22.3")],
  ["26", process.execPath],
] as const;

describe("the SDK in each supported version of Node", () => {
  let deployment: Standalone;
  beforeAll(async () => {
    deployment = await startStandalone();
  });
  afterAll(() => deployment?.stop());

  for (const [major, node] of NODES) {
    it.skipIf(node === undefined)(
      `connects, sends, receives and reports failures in Node ${major}`,
      async () => {
        const run = promisify(execFile);
        const { stdout: version } = await run(node ?? "", ["--version"]);
        expect(version).toMatch(`v${major}.`);
        const nowhere = `ws://127.0.0.1:${await freePort()}/ws`;
        const args = [PROGRAM, SDK, deployment.gateways[0], await deployment.token("alice"), nowhere];
        const { stdout } = await run(node ?? "", args, { timeout: 60_000 });
        expect(stdout).toBe(OUTPUT);
      },
    );
  }
});
