import { setTimeout as delay } from "node:timers/promises";
import type { App } from "@parley/local";
import type { Cluster } from "../../cluster/cluster.ts";
import { freezeWhileHolding } from "../../cluster/freeze.ts";
import { isStoredUpTo, messageIdOf, storedChanges, storedDocuments } from "../../cluster/log-inspection.ts";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import type { Change, Send } from "../../workload/ledger.ts";
import type { Fault, FaultContext } from "../fault.ts";

/** The claim idle time of 5 s, at most 2.5 s until the claim, 2.5 s until the change is delivered again, and a second. */
const STORED_WITHIN_MS = 11_000;

/**
 * Freezes a persister that holds a message which isn't stored, and changes that message. The other persister gets the
 * change first. It must give the change back, take over the message, and store both while the first one is still frozen.
 */
export const changeOvertakes: Fault = {
  id: "F20",
  title: "a change overtakes its message, which a frozen persister holds",
  affects: ["persister", "mongo"],
  hasChanges: true,
  async inject(context) {
    const { cluster, log, short } = context;
    const [victim] = cluster.persisters;
    if (!victim) throw new Error("the cluster has no persister");
    let struck = 0;
    let recoveryMs = 0;
    for (let round = 0; round < (short ? 1 : 3); round++) {
      const { ids, frozenMs } = await overtake(context, victim.app, round % 2 === 0 ? "edit" : "delete");
      struck += ids.length;
      log(`${ids.length} changes overtook their message`);
      const last = ids.toSorted().at(-1) ?? "";
      await eventually(() => isStoredUpTo(cluster, last), "the watermark to pass the changes");
      recoveryMs = Math.max(recoveryMs, performance.now() - frozenMs);
      await victim.app.kill("SIGCONT");
    }
    return {
      struck,
      unit: "changes that overtook their message",
      recoveryMs,
      details: `everything was stored within ${formatSeconds(recoveryMs)} of the freeze, while the persister was frozen`,
      late: recoveryMs > STORED_WITHIN_MS ? [`a change was stored after ${formatSeconds(recoveryMs)}`] : [],
    };
  },
};

/** Freezes the app until a change overtakes its message: an edit, and then one of `kind`. */
async function overtake(
  { cluster, workload, changer }: FaultContext,
  app: App,
  kind: Change["kind"],
): Promise<{ ids: string[]; frozenMs: number }> {
  for (;;) {
    const { heldIds, frozenMs } = await freezeWhileHolding(cluster, app);
    const held = new Set(heldIds.map(messageIdOf));
    const send = workload.ledger.acked.find(
      ({ outcome }) => outcome.kind === "acked" && held.has(outcome.id),
    );
    if (send) {
      const changes = [await changer.change("edit", send), await changer.change(kind, send)];
      const ids = changes.flatMap(({ outcome }) => (outcome.kind === "acked" ? [outcome.id] : []));
      if (ids.length === changes.length && (await areKeptFirst(cluster, ids, send))) return { ids, frozenMs };
    }
    await app.kill("SIGCONT");
    await delay(Math.random() * 100);
  }
}

/** Waits until MongoDB has the changes, and tells if it had all of them before the message. */
async function areKeptFirst(cluster: Cluster, ids: readonly string[], { outcome }: Send): Promise<boolean> {
  const id = outcome.kind === "acked" ? outcome.id : "";
  const first = await eventually(async () => {
    const stored = new Set((await storedChanges(cluster, id)).map(({ _id }) => _id));
    const [message] = await storedDocuments(cluster, [id]);
    if (message) return "message";
    return ids.every((each) => stored.has(each)) && "changes";
  }, "a change or its message to be stored");
  return first === "changes";
}
