import type { Redis } from "ioredis";
import { parseRedisUrl } from "./connection/address.ts";
import { durabilityWeaknesses } from "./connection/durability.ts";
import { Link } from "./connection/link.ts";
import { reasonOf } from "./errors.ts";
import { type KeyNames, type Names, namesOf } from "./format/keys.ts";
import { textsOf } from "./format/replies.ts";

/** Facts about a Redis server that an operator needs. */
export interface RedisFacts {
  /** Name and version, such as `Redis 8.2.1` or `Valkey 9.1.2`. */
  readonly server: string;
  /** The major version. */
  readonly major: number;
  /** `master` or `slave`, as Redis writes it. */
  readonly role: string;
  /** The number of connected replicas. */
  readonly replicas: number;
  readonly isCluster: boolean;
  /** The memory limit in bytes; 0 means no limit. Undefined if the server doesn't report it. */
  readonly maxMemory: number | undefined;
  /** Settings that can lose acknowledged messages (L8), as text. Undefined if CONFIG isn't permitted. */
  readonly durabilityWeaknesses: readonly string[] | undefined;
  /** The hash tag with which the installation's names begin (L38). */
  readonly tag: string;
  /** The number of entries in the log. Undefined if there is no log. */
  readonly logEntries: number | undefined;
  /** The log's format (L25). Undefined if there is no log. */
  readonly logFormat: string | undefined;
  /**
   * How far the time in the log's last id is ahead of this machine's time, in ms. Negative if it is behind. Undefined if
   * there is no log.
   */
  readonly logAheadMs: number | undefined;
  /** Logs under former names of this installation. Leaves out those that are certainly of another installation (L38). */
  readonly formerLogs: readonly FormerLog[];
  /** The server's time minus this machine's time, in ms. The error is at most about half a round trip. */
  readonly clockAheadMs: number;
}

/** A log under former names of an installation. */
interface FormerLog {
  readonly tag: string;
  readonly entries: number;
  /** True if it certainly is this installation's log. */
  readonly isOurs: boolean;
}

const TIMEOUT_MS = 5_000;

/**
 * Reads the facts once, over its own connection, and changes nothing on the server. Waits at most 5 s for the
 * connection and at most 5 s for each reply, then rejects. The error message contains no secret.
 */
export async function inspectRedis(url: string, namespace?: string): Promise<RedisFacts> {
  const observe = () => undefined;
  const address = parseRedisUrl(url);
  const names = namesOf({ db: address.db, namespace });
  const link = new Link({
    address,
    role: "doctor",
    observe,
    commandTimeoutMs: TIMEOUT_MS,
  });
  try {
    await link.ready(AbortSignal.timeout(TIMEOUT_MS)).catch(() => undefined);
    return await link.run(async (client) => {
      const asked = Date.now();
      const [seconds, micros] = (await client.time()).map(Number);
      const halfway = (asked + Date.now()) / 2;
      const info = fieldsOf(await client.info());
      const server = info.get("server_name") === "valkey" ? "Valkey" : "Redis";
      const version = (server === "Valkey" && info.get("valkey_version")) || info.get("redis_version") || "0";
      return {
        server: `${server} ${version}`,
        major: Number.parseInt(version, 10),
        role: info.get("role") ?? "unknown",
        replicas: Number(info.get("connected_slaves") ?? 0),
        isCluster: info.get("cluster_enabled") === "1",
        maxMemory: info.has("maxmemory") ? Number(info.get("maxmemory")) : undefined,
        durabilityWeaknesses: await durabilityWeaknesses(client).catch(() => undefined),
        tag: names.tag,
        ...(await inspectLog(client, names)),
        formerLogs: await findFormerLogs(client, names),
        clockAheadMs: Math.round((seconds ?? 0) * 1000 + (micros ?? 0) / 1000 - halfway),
      };
    });
  } catch (error) {
    throw new Error(link.problem() ?? reasonOf(error instanceof Error && error.cause ? error.cause : error));
  } finally {
    await link.close();
  }
}

async function inspectLog(
  client: Redis,
  { log, meta }: KeyNames,
): Promise<Pick<RedisFacts, "logEntries" | "logFormat" | "logAheadMs">> {
  if ((await client.type(log)) !== "stream")
    return { logEntries: undefined, logFormat: undefined, logAheadMs: undefined };
  const stream = textsOf(await client.xinfo("STREAM", log));
  const field = (name: string): string => stream[stream.indexOf(name) + 1] ?? "";
  return {
    logEntries: Number(field("length")),
    logFormat: (await client.hget(meta, "format")) ?? "1",
    logAheadMs: Number.parseInt(field("last-generated-id"), 10) - Date.now(),
  };
}

/** `store` of META says whose a log is, as it does for the persisters. */
async function findFormerLogs(client: Redis, { meta, former }: Names): Promise<FormerLog[]> {
  const store = former.length > 0 ? await client.hget(meta, "store") : null;
  const found = await Promise.all(
    former.map(async (place) => {
      const { logEntries: entries } = await inspectLog(client, place);
      if (entries === undefined) return undefined;
      const its = await client.hget(place.meta, "store");
      const isOurs = place.isCertain || (its !== null && its === store);
      return isOurs || its === null || store === null ? { tag: place.tag, entries, isOurs } : undefined;
    }),
  );
  return found.filter((log) => log !== undefined);
}

/** Parses the `name:value` lines of INFO. */
function fieldsOf(info: string): Map<string, string> {
  return new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const [name, ...value] = line.split(":");
      return name && value.length > 0 ? [[name, value.join(":")] as const] : [];
    }),
  );
}
