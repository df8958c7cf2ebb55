import { eventually } from "../eventually.ts";
import type { Fault } from "../faults/fault.ts";
import { formatSeconds } from "../report/format.ts";

/** Kills the master of a Redis under Sentinels, and starts it again as a replica of its successor. */
export const masterDies: Pick<Fault, "inject"> = {
  async inject({ cluster: { sentinels }, workload }) {
    if (!sentinels) throw new Error("the cluster has no Sentinels");
    const killedMs = performance.now();
    const master = await sentinels.master();
    await master.kill("SIGKILL");
    await eventually(async () => (await sentinels.master()) !== master, "another master");
    const recoveryMs = await workload.untilRecovered(killedMs);
    await master.restart();
    await sentinels.settled();
    const details = `every client had an ack within ${formatSeconds(recoveryMs)} of its death`;
    return { struck: 1, unit: "masters killed", recoveryMs, details };
  },
};
