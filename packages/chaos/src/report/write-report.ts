import { readFile, writeFile } from "node:fs/promises";
import { arch, cpus, platform, totalmem } from "node:os";
import { join } from "node:path";
import { startMongo, startRedis } from "@parley/local";
import { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import type { Options } from "../options.ts";
import { type Part, withPart } from "./document.ts";

const FILE = join(import.meta.dirname, "../../../../docs/faults.md");

/** Writes the run's part of docs/faults.md: the table, the command and the environment. Keeps the other parts. */
export async function writeReport(table: string, options: Options): Promise<void> {
  const [cpu] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  const origin = [
    `Made by \`${commandOf(options)}\``,
    `on ${new Date().toISOString().slice(0, 10)}`,
    `with Node ${process.version}, ${await serverVersions()}`,
    `on ${cpus().length} cores (${cpu?.model.trim() ?? "unknown"}), ${gib} GiB, ${platform()} ${arch()}.`,
  ].join(" ");
  const before = await readFile(FILE, "utf8").catch(emptyIfMissing);
  await writeFile(FILE, withPart(before, partOf(options), `${origin}\n\n${table}`));
}

function partOf({ broken, hostile, soak, upgrade }: Options): Part {
  if (broken) return "broken";
  if (hostile) return "hostile";
  if (upgrade !== undefined) return "upgrade";
  return soak ? "soak" : "faults";
}

function commandOf(options: Options): string {
  const { broken, hostile, soak, upgrade, seed, short, times, schedules, minutes, parallel } = options;
  if (soak) return `npx pnpm@12 chaos --soak ${minutes}`;
  if (hostile) return `npx pnpm@12 chaos --hostile ${short ? "--short" : `--times ${times}`}`;
  if (upgrade !== undefined)
    return `npx pnpm@12 chaos --upgrade ${upgrade} --parallel ${parallel}${short ? " --short" : ""}`;
  const series = `--times ${times} --schedules ${schedules} --minutes ${minutes} --parallel ${parallel}`;
  const flags = broken ? "--broken" : `${series}${short ? " --short" : ""}`;
  return `npx pnpm@12 chaos --seed ${seed} ${flags}`;
}

function emptyIfMissing(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "";
  throw error;
}

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
