import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import type { Observe } from "../../events.ts";
import { GROUP, LOG, META } from "../format/keys.ts";
import { textsOf } from "../format/replies.ts";
import { idUpTo, streamIdOf } from "../format/stream-id.ts";
import { ENSURE_LOG } from "../script/scripts.ts";

/**
 * Makes sure that the log is there and stands above the store (L1). Run on every new connection of a consumer: after
 * a start, a FLUSHALL or a failover nobody writes ids that the store knows already. Rejects when the store cannot say
 * how far it is, since then no log may be made.
 */
export async function keepLog(
  client: Redis,
  lastStored: () => Promise<string>,
  observe: Observe,
): Promise<void> {
  const floor = streamIdOf(await lastStored());
  const epoch = randomBytes(6).toString("base64url");
  const [outcome, detail = ""] = textsOf(await ENSURE_LOG.run(client, [LOG, META], [GROUP, epoch, floor]));
  if (outcome === "unusable") throw new Error(detail);
  if (outcome === "created") observe({ type: "log-created", at: idUpTo(detail) });
  if (outcome === "repaired")
    observe({ type: "warning", text: "the log lacked its group or its counts: both are made again" });
  if (outcome === "raised")
    observe({
      type: "warning",
      text: "the log stood below the store: it was replaced, and goes on above it",
    });
}
