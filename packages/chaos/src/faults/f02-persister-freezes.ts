import { setTimeout as delay } from "node:timers/promises";
import type { App } from "@parley/local";
import { GROUP, LOG } from "../cluster/cluster.ts";
import { backlog, leftLying } from "../cluster/log-inspection.ts";
import { eventually } from "../eventually.ts";
import { seconds } from "../report/words.ts";
import type { Fault } from "./fault.ts";

/** Longer than a consumer may be silent until others take over what it holds. */
const FROZEN_MS = 7_000;

/** How long it may be before the log says that something lies. */
const TRY_MS = 2_500;

/** It wakes with messages in hand that another one has stored meanwhile, and goes on as if nothing had been. */
export const persisterFreezes: Fault = {
  id: "F2",
  title: "a frozen persister comes back",
  touches: ["persister"],
  async run({ house, say, short }) {
    const [victim] = house.persisters;
    if (!victim) throw new Error("there is no persister");
    let struck = 0;
    let recoveryMs = 0;
    for (let round = 0; round < (short ? 1 : 2); round++) {
      const { held, stopped } = await frozenWithSomething(house, victim.app);
      await delay(FROZEN_MS - (performance.now() - stopped));
      await eventually(
        "another one to take it over",
        async () =>
          (await Promise.all(held.map((id) => deliveriesOf(house, id)))).every((times) => times !== 1) ||
          undefined,
      );
      struck += held.length;
      say(`${held.length} were taken over; it wakes`);
      await victim.app.kill("SIGCONT");
      const woke = performance.now();
      await eventually("the backlog to be small", async () =>
        (await backlog(house)) < 20 ? true : undefined,
      );
      recoveryMs = Math.max(recoveryMs, performance.now() - woke);
    }
    return {
      struck,
      of: "taken over while it held them",
      recoveryMs,
      shown: `frozen for ${seconds(FROZEN_MS)}; what it stored late changed nothing`,
    };
  },
};

type House = Parameters<typeof backlog>[0];

/** Stopped at a moment at which it holds entries; one that holds none is let go on for a while. */
async function frozenWithSomething(house: House, app: App): Promise<{ held: string[]; stopped: number }> {
  for (;;) {
    const stopped = performance.now();
    await app.kill("SIGSTOP");
    const held = await eventually("something in its hands", () => somethingLying(house), TRY_MS).catch(
      () => undefined,
    );
    if (held) return { held, stopped };
    await app.kill("SIGCONT");
    await delay(Math.random() * 100);
  }
}

async function somethingLying(house: House): Promise<string[] | undefined> {
  const ids = await leftLying(house);
  return ids.length > 0 ? ids : undefined;
}

/** How often an entry was given out; 0 where it is not pending any more. */
async function deliveriesOf(house: House, id: string): Promise<number> {
  const rows = await house.ask((redis) => redis.xpending(LOG, GROUP, id, id, 1));
  return (rows as [string, string, number, number][])[0]?.[3] ?? 0;
}
