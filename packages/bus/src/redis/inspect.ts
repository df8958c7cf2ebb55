import { addressOf } from "./connection/address.ts";
import { weaknesses } from "./connection/durability.ts";
import { Link } from "./connection/link.ts";
import { reasonOf } from "./errors.ts";
import { LOG } from "./format/keys.ts";

/** What a Redis says of itself, for an operator: nothing is changed in it. */
export interface RedisFacts {
  /** `Redis 8.2.1` or `Valkey 9.1.2`. */
  readonly server: string;
  readonly major: number;
  /** `master` or `slave`, as Redis writes it. */
  readonly role: string;
  /** Replicas that are connected to it. */
  readonly replicas: number;
  readonly isCluster: boolean;
  /** Bytes; 0 is no limit. Undefined where it does not say. */
  readonly maxMemory: number | undefined;
  /** What may lose acknowledged messages (L8), in words; undefined where CONFIG is forbidden. */
  readonly weaknesses: readonly string[] | undefined;
  /** Entries of the log, or undefined where there is none yet. */
  readonly logEntries: number | undefined;
  /** How far its clock is ahead of this machine's, in ms; exact to about half the time of one answer. */
  readonly clockAheadMs: number;
}

const TIMEOUT_MS = 5_000;

/** Asks once, over a connection of its own. Rejects within 5 s, with words that hold no secret. */
export async function inspectRedis(url: string): Promise<RedisFacts> {
  const observe = () => undefined;
  const link = new Link({ address: addressOf(url), role: "doctor", observe, commandTimeoutMs: TIMEOUT_MS });
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
        weaknesses: await weaknesses(client).catch(() => undefined),
        logEntries: (await client.exists(LOG)) === 1 ? await client.xlen(LOG) : undefined,
        clockAheadMs: Math.round((seconds ?? 0) * 1000 + (micros ?? 0) / 1000 - halfway),
      };
    });
  } catch (error) {
    throw new Error(link.problem() ?? reasonOf(error instanceof Error && error.cause ? error.cause : error));
  } finally {
    await link.close();
  }
}

/** The lines `name:value` of INFO. */
function fieldsOf(info: string): Map<string, string> {
  return new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const [name, ...value] = line.split(":");
      return name && value.length > 0 ? [[name, value.join(":")] as const] : [];
    }),
  );
}
