import type { Redis } from "ioredis";
import { isRefusal } from "../errors.ts";

/**
 * Which server is at the other end, and whether it is the one to ask.
 *
 * A server that was demoted goes on answering: its log ends where it was demoted, or where its copy of the new
 * master's is by now. Who took that end for the log's would show a history that lacks what was acknowledged (P56).
 */
export interface ServerInfo {
  /**
   * Names this process of a server and its present time as a master: one that was demoted and promoted again has
   * followed another in between. Empty where it does not tell.
   */
  readonly reign: string;
  /**
   * Names the failover that made this server the master. Another name on a new connection means that a replica has
   * taken over, which may lack what its master had (L9). Empty where there was none since the server's start, or
   * where it does not tell.
   */
  readonly promotion: string;
}

export async function readServer(client: Redis): Promise<ServerInfo> {
  const info = await infoOf(client, "server", "replication");
  const runId = /^run_id:(\w+)/m.exec(info)?.[1] ?? "";
  const promotion = /^master_replid2:(\w+)/m.exec(info)?.[1] ?? "";
  return {
    reign: info === "" ? "" : `${runId}/${promotion}`,
    promotion: /^0*$/.test(promotion) ? "" : promotion,
  };
}

/** Whether a failover came between two readings. A restart alone, after which the name is empty, is none. */
export function wasPromoted(before: string, now: string): boolean {
  return now !== "" && now !== before;
}

/** Rejects for a replica: it keeps nothing, and what it knows may be old. */
export async function refuseReplica(client: Redis): Promise<void> {
  if (/^role:slave/m.test(await infoOf(client, "replication"))) throw new Error("this Redis is a replica");
}

/** Empty where it may not be asked: then what is written finds out, and lua/include/readonly_error.lua. */
async function infoOf(client: Redis, ...sections: readonly string[]): Promise<string> {
  try {
    return await client.info(...sections);
  } catch (error) {
    if (isRefusal(error)) return "";
    throw error;
  }
}
