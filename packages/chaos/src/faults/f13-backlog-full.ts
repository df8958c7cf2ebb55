import { backlog } from "../cluster/log-inspection.ts";
import { metrics } from "../cluster/metrics.ts";
import { eventually } from "../eventually.ts";
import type { Fault } from "./fault.ts";

const BOUND = 150;

export const backlogFull: Fault = {
  id: "F13",
  title: `the backlog at its bound (${BOUND} entries)`,
  knobs: { env: { BACKLOG_MAX_ENTRIES: String(BOUND) } },
  async run({ house, crowd, say, short }) {
    const refused = () =>
      metrics(house.gateways, "parley_gateway_messages_failed_total", { code: "backlog_full" });
    await Promise.all(house.persisters.map(({ app }) => app.kill("SIGSTOP")));
    const wanted = short ? 20 : 200;
    await eventually("refusals", async () => ((await refused()) >= wanted ? true : undefined));
    const waiting = await backlog(house);
    say(`${waiting} wait, and senders are refused`);
    await Promise.all(house.persisters.map(({ app }) => app.kill("SIGCONT")));
    const recoveryMs = await crowd.recovered(performance.now());
    return {
      struck: await refused(),
      of: "refused with backlog_full",
      recoveryMs,
      shown: `${waiting} waited at most; all of them were stored`,
      problems: waiting > BOUND ? [`${waiting} waited, ${BOUND} is the bound`] : [],
    };
  },
};
