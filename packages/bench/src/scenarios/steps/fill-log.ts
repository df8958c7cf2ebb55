import { startLoad } from "../../load/load.ts";
import type { SendTasks } from "../../load/tasks/send.ts";
import { CONTENT_BYTES } from "../../runner/plan.ts";
import { type Cluster, endpointOf } from "../../targets/cluster.ts";
import { tokensFor } from "../../targets/tokens.ts";

const SENDERS = 16;
const WINDOW = 32;

/** Appends at least `count` messages through a temporary gateway. Resolves with the exact number of messages. */
export async function fillLog(
  cluster: Cluster,
  { to, count }: { to: string; count: number },
): Promise<number> {
  const gateway = await cluster.start("gateway");
  const load = startLoad<SendTasks>("send");
  try {
    await load.call("connect", { endpoint: endpointOf(gateway), tokens: await tokensFor(SENDERS, "sender") });
    const sent = await load.call("pipelined", { to, bytes: CONTENT_BYTES, window: WINDOW, limit: { count } });
    if (sent.failed > 0) throw new Error(`${sent.failed} messages for the backlog were not acknowledged`);
    return sent.acked;
  } finally {
    load.stop();
    await gateway.stop();
  }
}
