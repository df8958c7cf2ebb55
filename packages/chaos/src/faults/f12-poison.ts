import { type House, LOG } from "../cluster/cluster.ts";
import { eventually } from "../eventually.ts";
import { seconds } from "../report/words.ts";
import type { Fault } from "./fault.ts";

/** Each is wrong in its own way: no fields of ours, a body that is no message, a version that is no number. */
const RUBBISH = [
  ["colour", "green"],
  ["v", "1", "m", "{{{"],
  ["v", "1", "m", '"from":"u00","to":42,"content":""'],
  ["v", "nonsense", "m", ""],
];

export const poison: Fault = {
  id: "F12",
  title: "a poison entry in the log",
  touches: ["links", "persister"],
  async run({ house, crowd, short, say }) {
    // What another fault has left behind may still be on its way back, here and below: 503 until then.
    const { length: before } = await eventually("the dead letters before", () => letters(house));
    const began = performance.now();
    const rounds = short ? 1 : 5;
    for (let round = 0; round < rounds; round++) {
      for (const fields of RUBBISH) await house.ask((redis) => redis.xadd(LOG, "*", ...fields));
    }
    const wanted = rounds * RUBBISH.length;
    const found = await eventually("dead letters", async () => {
      const all = await letters(house);
      return all.length - before >= wanted ? all.slice(before) : undefined;
    });
    const recoveryMs = performance.now() - began;
    await crowd.recovered(began);
    const reasons = [...new Set(found.map(({ reason }) => reason))];
    say(`${found.length} dead letters`);
    return {
      struck: found.length,
      of: "dead letters",
      recoveryMs,
      shown: `${wanted} entries of rubbish, put aside within ${seconds(recoveryMs)}: ${reasons.join("; ")}`,
      problems: reasons.some((reason) => !reason) ? ["a dead letter has no reason"] : [],
    };
  },
};

/** As an operator reads them. */
async function letters(house: House): Promise<{ readonly reason: string }[]> {
  const [persister] = house.persisters;
  if (!persister) throw new Error("there is no persister");
  const response = await fetch(`${persister.app.adminUrl}/dead-letters?limit=1000`, {
    headers: { authorization: `Bearer ${await house.token("operator", ["ops"])}` },
  });
  if (!response.ok) throw new Error(`/dead-letters answered ${response.status}`);
  const { deadLetters } = (await response.json()) as { deadLetters: { reason: string }[] };
  return deadLetters;
}
