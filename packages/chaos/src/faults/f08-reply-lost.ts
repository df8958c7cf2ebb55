import { metrics, withClients } from "../cluster/metrics.ts";
import type { Fault } from "./fault.ts";

/** Redis has appended, and the gateway never hears of it: the client's retry must find the first one (L5, L6). */
export const replyLost: Fault = {
  id: "F8",
  title: "the reply to an append is lost",
  touches: ["links", "gateway", "redis"],
  async run({ house, crowd, short, say }) {
    const duplicates = () => metrics(house.gateways, "parley_bus_drafts_total", { outcome: "duplicate" });
    const before = await duplicates();
    let struck = 0;
    let recoveryMs = 0;
    for (let round = 0; round < (short ? 3 : 8); round++) {
      const lost = (await withClients(house)).map(({ toRedis }) => toRedis.loseNextReply(isAppend));
      await Promise.all(lost);
      struck += lost.length;
      recoveryMs = Math.max(recoveryMs, await crowd.recovered(performance.now()));
    }
    const found = (await duplicates()) - before;
    say(`${found} retries found the first`);
    return {
      struck,
      of: "replies lost",
      recoveryMs,
      shown: `${found} retries were answered with the first one's id`,
      problems: found === 0 ? ["no retry ever found the first"] : [],
    };
  },
};

/** The bytes of a call that appends: a script's, with what the crowd wrote in it. */
function isAppend(chunk: Buffer): boolean {
  const text = chunk.toString("latin1");
  return /evalsha/i.test(text) && /F\d+#\d+/.test(text);
}
