import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import type { Observe } from "../../events.ts";
import { failureReason } from "../connection/run-or-unavailable.ts";
import { BlockedError } from "../errors.ts";
import { GROUP, LOG, META } from "../format/keys.ts";
import { textsOf } from "../format/replies.ts";
import { idUpTo, streamIdOf } from "../format/stream-id.ts";
import { ENSURE_LOG } from "../script/scripts.ts";

/**
 * Makes sure that the log exists and assigns only ids greater than all ids in the store (L1). Runs on every new
 * connection of a consumer, because after a start, a FLUSHALL or a failover the log may be missing or end before the
 * store does. Rejects with a BlockedError if `lastStored` rejects: without the store's greatest id, no log may be
 * created.
 */
export async function ensureLog(
  client: Redis,
  lastStored: () => Promise<string>,
  observe: Observe,
): Promise<void> {
  const floor = streamIdOf(await readLastStored(lastStored));
  const epoch = randomBytes(6).toString("base64url");
  const [outcome, detail = ""] = textsOf(await ENSURE_LOG.run(client, [LOG, META], [GROUP, epoch, floor]));
  if (outcome === "unusable") throw new Error(detail);
  if (outcome === "created") observe({ type: "log-created", at: idUpTo(detail) });
  if (outcome === "repaired")
    observe({ type: "warning", text: "the log's group or counts were missing and were created again" });
  if (outcome === "raised") observe({ type: "log-raised" });
}

async function readLastStored(lastStored: () => Promise<string>): Promise<string> {
  try {
    return await lastStored();
  } catch (error) {
    const problem = "the store doesn't answer, and the log needs the store's last id";
    throw new BlockedError(`${problem}: ${failureReason(error)}`);
  }
}
