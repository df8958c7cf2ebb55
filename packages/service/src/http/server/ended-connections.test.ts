import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { get } from "./http-server-rig.ts";

const SCRIPT = fileURLToPath(new URL("./ended-connections.child.ts", import.meta.url));
const CONNECTIONS = 64;
/** Room for all that the process allocates, in MiB: what has survived two scavenges before it is garbage is old, too. */
const YOUNG_SPACE = "--min-semi-space-size=64";

/** Ends connections with one request each in a process of their own. Returns what is left of them. */
async function ended(request: string, ...options: readonly "answer"[]) {
  const args = [YOUNG_SPACE, SCRIPT, JSON.stringify(request), ...options];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as { begun: number; ended: number; kept: number; arrivedBytes: number };
}

describe("what an ended connection leaves", () => {
  const body = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n";

  it.each([
    ["answered", get("/"), ["answer"]],
    ["unanswered", get("/"), []],
    ["unanswered, with a body", body, []],
  ] as const)("is freed by a scavenge: %s", async (_name, request, options) => {
    const { begun, kept } = await ended(request, ...options);
    expect(begun).toBe(CONNECTIONS);
    expect(kept).toBeLessThan(CONNECTIONS / 2);
  });

  it("is freed at once, if it is what arrived and wasn't parsed", async () => {
    const tooManyPieces = body.concat("1\r\nx\r\n".repeat(10_000));
    const { ended: endedByServer, arrivedBytes } = await ended(tooManyPieces);
    expect(endedByServer).toBe(CONNECTIONS);
    expect(arrivedBytes).toBeLessThan((CONNECTIONS * tooManyPieces.length) / 4);
  });
});
