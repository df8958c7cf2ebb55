import { type Cluster, LOG } from "../../cluster/cluster.ts";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import type { Fault } from "../fault.ts";

/** Entries that aren't messages: unknown fields, an invalid body, invalid fields of a message, and no version. */
const POISON = [
  ["colour", "green"],
  ["v", "1", "m", "{{{"],
  ["v", "1", "m", '"from":"u00","to":42,"content":""'],
  ["v", "nonsense", "m", ""],
];

/** Adds entries to the log that can't be stored. Each must become a dead letter with a reason. */
export const poison: Fault = {
  id: "F12",
  title: "a poison entry in the log",
  affects: ["links", "persister"],
  async inject({ cluster, workload, short, log }) {
    // In F18 another fault may still be active, and the persister answers 503 until it is over. So each read is
    // retried.
    const { length: before } = await eventually(() => deadLetters(cluster), "the earlier dead letters");
    const startedMs = performance.now();
    const rounds = short ? 1 : 5;
    for (let round = 0; round < rounds; round++) {
      for (const fields of POISON) await cluster.withRedis((redis) => redis.xadd(LOG, "*", ...fields));
    }
    const expected = rounds * POISON.length;
    const letters = await eventually(async () => {
      const all = await deadLetters(cluster);
      return all.length - before >= expected && all.slice(before);
    }, "dead letters");
    const recoveryMs = performance.now() - startedMs;
    await workload.untilRecovered(startedMs);
    const reasons = [...new Set(letters.map(({ reason }) => reason))];
    log(`${letters.length} dead letters`);
    return {
      struck: letters.length,
      unit: "dead letters",
      recoveryMs,
      details: `${expected} entries of rubbish, put aside within ${formatSeconds(recoveryMs)}: ${reasons.join("; ")}`,
      problems: reasons.some((reason) => !reason) ? ["a dead letter has no reason"] : [],
    };
  },
};

/** Reads the dead letters from the admin port, as an operator does. */
async function deadLetters(cluster: Cluster): Promise<{ readonly reason: string }[]> {
  const [persister] = cluster.persisters;
  if (!persister) throw new Error("the cluster has no persister");
  const response = await fetch(`${persister.app.adminUrl}/dead-letters?limit=1000`, {
    headers: { authorization: `Bearer ${await cluster.token("operator", ["ops"])}` },
  });
  if (!response.ok) throw new Error(`the persister answered /dead-letters with status ${response.status}`);
  const { deadLetters: letters } = (await response.json()) as { deadLetters: { reason: string }[] };
  return letters;
}
