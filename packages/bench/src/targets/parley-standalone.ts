import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApp } from "@parley/local";
import { PARLEY_ENV, targetOf } from "./cluster.ts";
import { collectGarbage } from "./garbage.ts";
import type { RunningSubject, Subject } from "./target.ts";
import { tokensFor } from "./tokens.ts";

/** All of it in one process, SQLite among it: every message is stored before its ack. */
export const parleyStandalone: Subject = { name: "Parley standalone", start };

async function start(): Promise<RunningSubject> {
  const dir = await mkdtemp(join(tmpdir(), "parley-bench-"));
  const clear = () => rm(dir, { recursive: true, force: true });
  try {
    const app = await startApp("standalone", { built: true, env: { ...PARLEY_ENV, DATA_DIR: dir } });
    return {
      target: targetOf(app),
      pids: { server: [app.pid], redis: [] },
      tokens: tokensFor,
      collectGarbage: () => collectGarbage(app),
      async stop() {
        await app.kill("SIGKILL");
        await clear();
      },
    };
  } catch (error) {
    await clear();
    throw error;
  }
}
