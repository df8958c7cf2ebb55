import type { Redis } from "ioredis";
import type { LogState } from "../../log-state.ts";
import { RefusedError } from "../errors.ts";
import { GROUP, type KeyNames } from "../format/keys.ts";
import { textsOf } from "../format/replies.ts";
import { idUpTo } from "../format/stream-id.ts";
import { READ_LOG_STATE } from "../script/scripts.ts";

/** Reads the log's state. Rejects with `RefusedError` if there is no log, and with READONLY on a replica. */
export async function readLogState(client: Redis, names: KeyNames): Promise<LogState> {
  const keys = [names.log, names.meta, names.deadLetters];
  const [status, ...state] = textsOf(await READ_LOG_STATE.run(client, keys, [GROUP]));
  if (status !== "ok") throw new RefusedError("there is no log in Redis");
  return logStateFrom(state);
}

/** Parses the part of a script's answer that lua/include/log_state.lua adds. */
export function logStateFrom([end = "", mark = "", ...numbers]: readonly string[]): LogState {
  const [backlogEntries = 0, backlogBytes = 0, lagMs = 0, deadLetters = 0] = numbers.map(Number);
  return { end: idUpTo(end), watermark: idUpTo(mark), backlogEntries, backlogBytes, lagMs, deadLetters };
}
