import type { Cluster, Persister } from "../../cluster/cluster.ts";
import { messageIdOf, pendingIds, storedChanges, storedDocuments } from "../../cluster/log-inspection.ts";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import type { Change } from "../../workload/ledger.ts";
import type { Fault, FaultContext } from "../fault.ts";

/** Edits in the batch of the persister that dies. At least two of them must be in one update. */
const EDITS = 8;
const MIN_IN_UPDATE = 2;
/** The start of the command that updates messages, as the driver writes it in BSON. */
const UPDATE_OF_MESSAGES = "\u0002update\0\u0009\0\0\0messages\0";

/** A change that was acknowledged, and its own id. */
interface KeptChange {
  readonly change: Change;
  readonly id: string;
}

/**
 * Kills a persister between two steps of L28: it has kept changes in MongoDB, and their messages aren't updated. The
 * changes are delivered again. One of the messages is edited once more before that, and that edit must stay (P76).
 */
export const changeInterrupted: Fault = {
  id: "F19",
  title: "a persister dies between a change and the update of its message",
  affects: ["persister", "mongo"],
  hasChanges: true,
  async inject(context) {
    const { cluster, workload, changer, log, short } = context;
    let struck = 0;
    let recoveryMs = 0;
    for (let death = 0; death < (short ? 1 : 3); death++) {
      const [victim, other] = death % 2 === 0 ? cluster.persisters : cluster.persisters.toReversed();
      if (!victim || !other) throw new Error("the cluster has fewer than two persisters");
      const { kept, killedMs } = await killBetween(context, victim, other);
      log(`killed a persister that had kept ${kept.length} changes and not applied them`);
      struck += kept.length;
      if (kept[0]) await changer.change("edit", kept[0].change.send);
      await eventually(() => areSettled(cluster, kept), "another persister to settle the changes");
      recoveryMs = Math.max(recoveryMs, performance.now() - killedMs);
      await victim.app.restart();
      await workload.untilRecovered(killedMs);
    }
    return {
      struck,
      unit: "changes kept, not applied",
      recoveryMs,
      details: `another persister applied them within ${formatSeconds(recoveryMs)} of the death`,
    };
  },
};

/**
 * Lets edits wait until one persister gets them in one batch, and kills it when it is about to update the messages.
 * Resolves with the changes that were kept and not applied, and the time of the kill.
 */
async function killBetween(
  { cluster, workload, changer }: FaultContext,
  victim: Persister,
  other: Persister,
): Promise<{ kept: KeptChange[]; killedMs: number }> {
  await Promise.all([victim, other].map(({ app }) => app.kill("SIGSTOP")));
  const sends = workload.ledger.acked.slice(-EDITS);
  const edits = await Promise.all(sends.map((send) => changer.change("edit", send)));
  const isUpdate = (chunk: Buffer): boolean => {
    const text = chunk.toString("latin1");
    const updated = edits.filter(({ content }) => text.includes(content));
    return text.includes(UPDATE_OF_MESSAGES) && updated.length >= MIN_IN_UPDATE;
  };
  let isStopped = false;
  const swallowed = victim.mongoProxy.swallowFrom(isUpdate).then((link) => {
    isStopped = true;
    return link;
  });
  await victim.app.kill("SIGCONT");
  await eventually(() => isStopped, "an update of changed messages");
  const killedMs = performance.now();
  await victim.app.kill("SIGKILL");
  (await swallowed).cut("rst");
  const kept = await keptAndNotApplied(cluster, edits);
  await other.app.kill("SIGCONT");
  return { kept, killedMs };
}

/** Returns the changes that MongoDB has, but not in their messages. */
async function keptAndNotApplied(cluster: Cluster, changes: readonly Change[]): Promise<KeptChange[]> {
  const messages = await storedDocuments(
    cluster,
    changes.map(({ id }) => id),
  );
  const applied = new Map(messages.map(({ _id, change = "" }) => [_id, change]));
  const kept = new Set((await storedChanges(cluster, "")).map(({ _id }) => _id));
  return changes.flatMap((change) => {
    const id = change.outcome.kind === "acked" ? change.outcome.id : "";
    return kept.has(id) && (applied.get(change.id) ?? "") < id ? [{ change, id }] : [];
  });
}

async function areSettled(cluster: Cluster, kept: readonly KeptChange[]): Promise<boolean> {
  const pending = new Set((await pendingIds(cluster)).map(messageIdOf));
  return !kept.some(({ id }) => pending.has(id));
}
