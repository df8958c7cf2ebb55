import { setTimeout as delay } from "node:timers/promises";
import { backlog } from "../cluster/log-inspection.ts";
import { eventually } from "../eventually.ts";
import { seconds } from "../report/words.ts";
import type { Context, Fault } from "./fault.ts";

/**
 * Sends go on, the backlog grows, history says 503 or answers whole; then the backlog falls back. While MongoDB is
 * dead a persister that waits for it dies too: what it held was never inserted, and is known to the log alone.
 */
export const mongoStops: Fault = {
  id: "F11",
  title: "MongoDB stops for 10 to 60 s, frozen and killed, and a persister dies waiting for it",
  touches: ["mongo", "persister"],
  async run(context) {
    const { house, short } = context;
    const [victim] = house.persisters;
    if (!victim) throw new Error("there is no persister");
    const thaw = () => house.mongo.kill("SIGCONT");
    const restart = async () => {
      await victim.app.kill("SIGKILL");
      await house.mongo.restart();
    };
    const frozen = await outage(context, short ? 4_000 : 15_000, thaw, "SIGSTOP");
    const killed = await outage(context, short ? 2_000 : 30_000, restart, "SIGKILL");
    await victim.app.restart();
    return {
      struck: frozen.waiting + killed.waiting,
      of: "messages waited in the log",
      recoveryMs: Math.max(frozen.recoveryMs, killed.recoveryMs),
      shown: `backlogs of ${frozen.waiting} and ${killed.waiting} were stored within ${seconds(frozen.recoveryMs)} and ${seconds(killed.recoveryMs)}; ${frozen.acked + killed.acked} acks meanwhile; history answered ${context.reader.answers} times whole, ${context.reader.refusals} times 503`,
      problems: frozen.acked === 0 || killed.acked === 0 ? ["nothing was acknowledged meanwhile"] : [],
    };
  },
};

async function outage(
  { house, crowd, say }: Context,
  lastsMs: number,
  heal: () => Promise<void>,
  signal: "SIGSTOP" | "SIGKILL",
): Promise<{ waiting: number; acked: number; recoveryMs: number }> {
  say(`MongoDB gets ${signal} for ${lastsMs / 1000} s`);
  const before = crowd.ledger.acked.length;
  await house.mongo.kill(signal);
  await delay(lastsMs);
  const waiting = await backlog(house);
  const acked = crowd.ledger.acked.length - before;
  await heal();
  const healed = performance.now();
  await eventually(
    "the backlog to be stored",
    async () => ((await backlog(house)) < 20 ? true : undefined),
    90_000,
  );
  return { waiting, acked, recoveryMs: performance.now() - healed };
}
