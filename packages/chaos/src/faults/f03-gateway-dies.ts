import { setTimeout as delay } from "node:timers/promises";
import { connections, withClients } from "../cluster/metrics.ts";
import { outageWords } from "../report/words.ts";
import type { Fault } from "./fault.ts";

export const gatewayDies: Fault = {
  id: "F3",
  title: "a gateway dies",
  touches: ["gateway"],
  async run({ house, crowd, say, short }) {
    const [victim] = await withClients(house);
    if (!victim) throw new Error("no gateway has a client");
    const struck = await connections(victim);
    const died = performance.now();
    await victim.app.kill("SIGKILL");
    say(`${struck} clients lost their gateway`);
    const recoveryMs = await crowd.recovered(died);
    await delay(short ? 500 : 3_000);
    await victim.app.restart();
    return { struck, of: "clients cut off", recoveryMs, shown: outageWords(crowd.outages(died)) };
  },
};
