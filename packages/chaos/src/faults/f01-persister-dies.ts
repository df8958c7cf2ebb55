import type { House } from "../cluster/cluster.ts";
import { heldAndStored, leftLying, pendingIds } from "../cluster/log-inspection.ts";
import { eventually } from "../eventually.ts";
import { seconds } from "../report/words.ts";
import type { Fault } from "./fault.ts";

/** How long it may be before the log says that something lies. */
const TRY_MS = 2_500;

/**
 * The worst moment to die in: messages are inserted, and the log does not know it. The persister's XACKs are dropped
 * on their way until MongoDB has what the log still counts as pending; then it is killed.
 */
export const persisterDies: Fault = {
  id: "F1",
  title: "a persister dies between insert and XACK",
  touches: ["persister"],
  async run({ house, crowd, say, short }) {
    let struck = 0;
    let recoveryMs = 0;
    for (let death = 0; death < (short ? 1 : 3); death++) {
      const victim = house.persisters[death % house.persisters.length];
      if (!victim) throw new Error("there is no persister");
      const { held, died } = await deadWithSomething(house, victim);
      say(`it held ${held.length} that were inserted`);
      struck += held.length;
      await eventually("another one to take over", async () => {
        const pending = new Set(await pendingIds(house));
        return held.some((id) => pending.has(id)) ? undefined : true;
      });
      recoveryMs = Math.max(recoveryMs, performance.now() - died);
      await victim.app.restart();
      await crowd.recovered(died);
    }
    return {
      struck,
      of: "inserted, not XACKed",
      recoveryMs,
      shown: `its share was taken over within ${seconds(recoveryMs)} of its death`,
    };
  },
};

/** Killed with something inserted that it could not XACK. Resolves with the stream ids of that, and when it died. */
async function deadWithSomething(
  house: House,
  victim: House["persisters"][number],
): Promise<{ held: string[]; died: number }> {
  for (;;) {
    victim.toRedis.set("up", "swallow", ({ opening }) => /\bxack\b/i.test(opening));
    await eventually("inserts without XACK", async () =>
      (await heldAndStored(house)).length > 0 ? true : undefined,
    );
    const died = performance.now();
    await victim.app.kill("SIGKILL");
    victim.toRedis.set("both", "pass");
    // What was the other one's at that moment does not lie for long.
    const held = await eventually("something left", () => leftAndStored(house), TRY_MS).catch(
      () => undefined,
    );
    if (held) return { held, died };
    await victim.app.restart();
  }
}

async function leftAndStored(house: House): Promise<string[] | undefined> {
  const [lying, stored] = [await leftLying(house), new Set(await heldAndStored(house))];
  const held = lying.filter((id) => stored.has(id));
  return held.length > 0 ? held : undefined;
}
