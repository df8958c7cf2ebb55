import { eventually } from "../eventually.ts";
import type { Context, Fault } from "../fault.ts";
import { LOG } from "../house.ts";
import { documents, messageId } from "../log.ts";
import { metrics } from "../metrics.ts";

/** What must have been sent and not stored when the log goes. */
const BACKLOG = 15;

/**
 * The log is destroyed while the persisters stand still, so that what is lost with it is known exactly: read and
 * flushed in one transaction, and not in MongoDB then.
 */
export const logGone: Fault = {
  id: "F7",
  title: "the log is gone: FLUSHALL with a backlog",
  async run({ house, crowd, say }) {
    await Promise.all(house.persisters.map(({ app }) => app.kill("SIGSTOP")));
    const gaps = await metrics(house.gateways, "parley_gateway_gaps_total");
    await eventually("a backlog", async () => ((await unstored(house)).length >= BACKLOG ? true : undefined));
    const entries = await flush(house);
    const flushed = performance.now();
    const stored = new Set((await documents(house, entries)).map(({ _id }) => _id));
    const destroyed = new Set(entries.filter((id) => !stored.has(id)));
    say(`${destroyed.size} were in the log alone`);
    await Promise.all(house.persisters.map(({ app }) => app.kill("SIGCONT")));
    const recoveryMs = await crowd.recovered(flushed);
    await crowd.untilLive();
    const told = (await metrics(house.gateways, "parley_gateway_gaps_total")) - gaps;
    const caughtUp = crowd.caughtUp(flushed);
    const clients = crowd.ledger.observations.length;
    return {
      struck: destroyed.size,
      of: "in the log alone",
      recoveryMs,
      shown: `${caughtUp} of ${clients} clients were told to sync`,
      problems: [
        ...(caughtUp < clients ? [`only ${caughtUp} of ${clients} clients were told to sync`] : []),
        ...(told < house.gateways.length ? [`only ${told} gateways saw a gap`] : []),
      ],
      destroyed,
    };
  },
};

type House = Context["house"];

async function unstored(house: House): Promise<string[]> {
  const rows = await house.ask((redis) => redis.xrange(LOG, "-", "+"));
  const ids = rows.map(([id]) => messageId(id));
  const stored = new Set((await documents(house, ids)).map(({ _id }) => _id));
  return ids.filter((id) => !stored.has(id));
}

/** Destroys everything, and resolves with the ids that were in the log at that moment. */
async function flush(house: House): Promise<string[]> {
  const replies = await house.ask((redis) => redis.multi().xrange(LOG, "-", "+").flushall().exec());
  const [, rows] = replies?.[0] ?? [];
  return (rows as [string, string[]][]).map(([id]) => messageId(id));
}
