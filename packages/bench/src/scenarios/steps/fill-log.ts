import { startLoad } from "../../load/load.ts";
import type { SendTasks } from "../../load/tasks/send.ts";
import { CONTENT_BYTES } from "../../runner/plan.ts";
import { type House, targetOf } from "../../targets/cluster.ts";
import { tokensFor } from "../../targets/tokens.ts";

const SENDERS = 16;
const WINDOW = 32;

/** Has at least `count` messages sent through a gateway that is there for it alone. Resolves with their number. */
export async function fillLog(house: House, { to, count }: { to: string; count: number }): Promise<number> {
  const gateway = await house.start("gateway");
  const load = startLoad<SendTasks>("send");
  try {
    await load.call("connect", { target: targetOf(gateway), tokens: await tokensFor(SENDERS, "sender") });
    const sent = await load.call("pipelined", { to, bytes: CONTENT_BYTES, window: WINDOW, limit: { count } });
    if (sent.failed > 0) throw new Error(`${sent.failed} messages were not acknowledged`);
    return sent.acked;
  } finally {
    load.stop();
    await gateway.stop();
  }
}
