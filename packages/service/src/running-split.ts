import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const schema = z.object({
  pid: z.number().int().positive(),
  /** Address of the front. */
  url: z.string(),
  /** Addresses of every app's admin port. */
  adminUrls: z.array(z.string()),
  /** Addresses of the servers that start:split started itself. They have no password. */
  REDIS_URL: z.string().optional(),
  MONGO_URL: z.string().optional(),
  /** The namespace of the apps, if they have one. */
  REDIS_NAMESPACE: z.string().optional(),
});

/** Facts about a running `start:split`, so that `parley doctor` can check it. They hold no secret. */
export type RunningSplit = z.infer<typeof schema>;

const fileIn = (dataDir: string): string => join(dataDir, "split.json");

/** Writes the facts into the data folder. Returns a function that removes them. */
export function writeRunningSplit(dataDir: string, running: RunningSplit): () => void {
  writeFileSync(fileIn(dataDir), `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
  return () => rmSync(fileIn(dataDir), { force: true });
}

/** Returns the facts about the `start:split` that uses this data folder, or undefined if none runs. */
export function readRunningSplit(dataDir: string): RunningSplit | undefined {
  try {
    const running = schema.parse(JSON.parse(readFileSync(fileIn(dataDir), "utf8")));
    process.kill(running.pid, 0);
    return running;
  } catch {
    // There is no file, or a killed process has left it behind.
    return undefined;
  }
}
