import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "../fault.ts";
import { metric } from "../metrics.ts";
import { outageWords } from "../words.ts";

export const gatewayDies: Fault = {
  id: "F3",
  title: "a gateway dies",
  touches: ["gateway"],
  async run({ house, crowd, say, short }) {
    const [victim] = house.gateways;
    if (!victim) throw new Error("there is no gateway");
    const struck = await metric(victim.app, "parley_gateway_connections");
    const died = performance.now();
    await victim.app.kill("SIGKILL");
    say(`${struck} clients lost their gateway`);
    const recoveryMs = await crowd.recovered(died);
    await delay(short ? 500 : 3_000);
    await victim.app.restart();
    return { struck, of: "clients cut off", recoveryMs, shown: outageWords(crowd.outages(died)) };
  },
};
