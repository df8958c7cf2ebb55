import { eventually } from "../eventually.ts";
import type { Fault } from "../fault.ts";
import { heldAndStored, pendingIds } from "../log.ts";

/**
 * The worst moment to die in: messages are inserted, and the log does not know it. The persister's XACKs are dropped
 * on their way until MongoDB has what the log still counts as pending; then it is killed.
 */
export const persisterDies: Fault = {
  id: "F1",
  title: "a persister dies between insert and XACK",
  touches: ["persister"],
  async run({ house, crowd, say }) {
    const [victim] = house.persisters;
    if (!victim) throw new Error("there is no persister");
    victim.toRedis.set("up", "swallow", ({ opening }) => /\bxack\b/i.test(opening));
    const held = await eventually("inserts without XACK", async () => {
      const found = await heldAndStored(house);
      return found.length > 0 ? found : undefined;
    });
    const died = performance.now();
    await victim.app.kill("SIGKILL");
    victim.toRedis.set("both", "pass");
    say(`it held ${held.length} that were inserted`);
    await eventually("another one to take over", async () => {
      const pending = new Set(await pendingIds(house));
      return held.some((id) => pending.has(id)) ? undefined : true;
    });
    const recoveryMs = performance.now() - died;
    await victim.app.restart();
    await crowd.recovered(died);
    return {
      struck: held.length,
      of: "inserted, not XACKed",
      recoveryMs,
      shown: `its share was taken over ${(recoveryMs / 1000).toFixed(1)} s after its death`,
    };
  },
};
