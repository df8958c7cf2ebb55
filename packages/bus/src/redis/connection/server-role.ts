import type { Redis } from "ioredis";
import { isRefusal } from "../errors.ts";

/** Identity of the server at the other end of a connection. */
export interface ServerInfo {
  /**
   * Identifies this server process and its current term as a master. The term changes when the server is demoted and
   * promoted again, because in between it followed another master. Empty if INFO is forbidden.
   */
  readonly term: string;
  /**
   * Identifies the failover that made this server the master. A new value on a new connection means that a replica has
   * become the master, and it may lack writes of the old master (L9). Empty if there was no failover since the server
   * started, or if INFO is forbidden.
   */
  readonly promotion: string;
}

/** Reads the identity of the server that `client` is connected to. */
export async function readServer(client: Redis): Promise<ServerInfo> {
  const info = await readInfo(client, "server", "replication");
  const runId = /^run_id:(\w+)/m.exec(info)?.[1] ?? "";
  const promotion = /^master_replid2:(\w+)/m.exec(info)?.[1] ?? "";
  return {
    term: info === "" ? "" : `${runId}/${promotion}`,
    promotion: /^0*$/.test(promotion) ? "" : promotion,
  };
}

/** Returns true if a failover happened between two readings of `promotion`. After a mere restart the value is empty. */
export function wasPromoted(before: string, now: string): boolean {
  return now !== "" && now !== before;
}

/**
 * Rejects if the server is a replica or still loads its data. A demoted server still answers, but the end of its log
 * may be out of date. History read up to that end would lack acknowledged messages (P56).
 */
export async function refuseUnready(client: Redis): Promise<void> {
  const info = await readInfo(client, "replication", "persistence");
  if (/^role:slave/m.test(info)) throw new Error("this Redis is a replica");
  if (/^loading:1/m.test(info)) throw new Error("Redis is still loading its data");
}

/** Returns "" if INFO is forbidden. Then the scripts detect a replica, because a replica refuses their writes. */
async function readInfo(client: Redis, ...sections: readonly string[]): Promise<string> {
  try {
    return await client.info(...sections);
  } catch (error) {
    if (isRefusal(error)) return "";
    throw error;
  }
}
