import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApp } from "@parley/local";
import { endpointOf, PARLEY_ENV } from "./cluster.ts";
import { collectGarbage } from "./garbage.ts";
import type { RunningTarget, Target } from "./target.ts";
import { tokensFor } from "./tokens.ts";

/** Everything in one process, with SQLite. Every message is stored before its ack. */
export const parleyStandalone: Target = { name: "Parley standalone", start };

async function start(): Promise<RunningTarget> {
  const dir = await mkdtemp(join(tmpdir(), "parley-bench-"));
  const removeData = () => rm(dir, { recursive: true, force: true });
  try {
    const app = await startApp("standalone", { built: true, env: { ...PARLEY_ENV, DATA_DIR: dir } });
    return {
      endpoint: endpointOf(app),
      pids: { server: [app.pid], redis: [] },
      dataDir: dir,
      tokens: tokensFor,
      collectGarbage: () => collectGarbage(app),
      async stop() {
        await app.kill("SIGKILL");
        await removeData();
      },
    };
  } catch (error) {
    await removeData();
    throw error;
  }
}
