import { writeFile } from "node:fs/promises";
import { arch, cpus, platform, totalmem } from "node:os";
import { join } from "node:path";
import { startMongo, startRedis } from "@parley/local";
import { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import type { Options } from "./options.ts";

const FILE = join(import.meta.dirname, "../../../docs/faults.md");

/** Writes docs/faults.md: the table, and what it was made with. */
export async function writeReport(table: string, { seed, short, minutes }: Options): Promise<void> {
  const [cpu] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  const made = [
    `Made by \`npx pnpm@12 chaos --seed ${seed}${short ? " --short" : ` --minutes ${minutes}`}\``,
    `on ${new Date().toISOString().slice(0, 10)}`,
    `with Node ${process.version}, ${await serverVersions()}`,
    `on ${cpus().length} cores (${cpu?.model.trim() ?? "unknown"}), ${gib} GiB, ${platform()} ${arch()}.`,
  ].join(" ");
  await writeFile(FILE, `${INTRODUCTION}\n${made}\n\n${table}\n`);
}

const INTRODUCTION = `# The faults, and what came of them

This file is written by a command; [guarantees.md](guarantees.md) says what the faults are and what must hold. Each row is
a Parley of its own: two gateways, two persisters, a history-api, a Redis and a MongoDB as real processes, with at least 20
SDK clients talking through both gateways all the while, and a reader that asks for the whole public room again and again.

Of each row: \`lost\` acknowledged and not in history; \`unseen\` what a client should have seen and did not; \`seen\` over
all clients; \`struck\` how often the fault really hit something; \`recovery\` from its end, or where nothing ends from its
beginning, until all was as before. Also checked: what history answered meanwhile held all that was acknowledged before
(P56), and MongoDB holds what history answers.
`;

async function serverVersions(): Promise<string> {
  const [redis, mongo] = await Promise.all([startRedis(), startMongo()]);
  const client = new Redis(redis.url);
  const database = new MongoClient(mongo.url);
  try {
    const info = await client.info("server");
    const name = /server_name:(\w+)/.exec(info)?.[1] ?? "redis";
    const version = new RegExp(`${name}_version:(\\S+)`).exec(info)?.[1] ?? "unknown";
    const build = await database.db("admin").command({ buildInfo: 1 });
    return `${name} ${version}, a MongoDB-compatible server that calls itself ${build.version}`;
  } finally {
    client.disconnect();
    await database.close();
    await Promise.all([redis.stop(), mongo.stop()]);
  }
}
