import { LOG } from "../cluster/cluster.ts";
import { backlog, documents, messageId } from "../cluster/log-inspection.ts";
import { metrics } from "../cluster/metrics.ts";
import { eventually } from "../eventually.ts";
import { type Context, EVERYTHING, type Fault } from "./fault.ts";

/** What must have been sent and not stored when the log goes. */
const BACKLOG = 15;
/** Longer than any marker is late; who has not been told then never is. */
const TOLD_WITHIN_MS = 10_000;

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
    const clients = crowd.ledger.observations.length;
    const seen = async () => (await metrics(house.gateways, "parley_gateway_gaps_total")) - gaps;
    // A gateway that nobody sends through at that moment hears of it by the next marker (L15).
    await eventually(
      "everybody to be told",
      async () =>
        ((await seen()) >= house.gateways.length && crowd.caughtUp(flushed) >= clients) || undefined,
      TOLD_WITHIN_MS,
    ).catch(() => undefined);
    await crowd.untilLive();
    const told = await seen();
    const caughtUp = crowd.caughtUp(flushed);
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

/** For F18, which must lose nothing: flushed at a moment at which everything in it is stored. */
export const storedLogGone: Fault = {
  id: "F7",
  title: "the log is gone: FLUSHALL without a backlog",
  touches: EVERYTHING,
  async run({ house, crowd }) {
    await eventually("a moment without a backlog", () => flushedWhole(house));
    const flushed = performance.now();
    const recoveryMs = await crowd.recovered(flushed);
    return { struck: 1, of: "logs gone", recoveryMs, shown: "everything in it was stored" };
  },
};

type House = Context["house"];

/** True, or undefined where something was in the log alone, or came to it meanwhile. */
function flushedWhole(house: House): Promise<true | undefined> {
  return house.ask(async (redis) => {
    await redis.watch(LOG);
    if ((await backlog(house)) > 0) return undefined;
    return (await redis.multi().flushall().exec()) === null ? undefined : true;
  });
}

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
