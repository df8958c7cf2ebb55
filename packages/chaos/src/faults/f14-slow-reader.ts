import { WebSocket } from "ws";
import { metric } from "../cluster/metrics.ts";
import type { Fault } from "./fault.ts";

const CONTENT_BYTES = 8_000;
const PENDING_BYTES = 65_536;
/** Kernels buffer some MiB of a connection over loopback before the gateway feels it. */
const MOST_ROUNDS = 200;
const MEMORY_BOUND = 64 * 2 ** 20;

/** Somebody connects and stops reading, and somebody else writes to them. */
export const slowReader: Fault = {
  id: "F14",
  title: "a slow reader",
  // One that reads nothing answers no ping either: it is the bound that must end it here, not the heartbeat.
  knobs: { env: { MAX_PENDING_BYTES: String(PENDING_BYTES), HEARTBEAT_MS: "60000" } },
  async run({ house, crowd, say }) {
    const [gateway] = house.gateways;
    if (!gateway) throw new Error("there is no gateway");
    const memory = () => metric(gateway.app, "process_resident_memory_bytes");
    const tooSlow = () => metric(gateway.app, "parley_gateway_too_slow_total");
    const slow = await stuckSocket(gateway.app.url, await house.token("slow"));
    const [began, memoryBefore] = [performance.now(), await memory()];
    let rounds = 0;
    for (; (await tooSlow()) === 0 && rounds < MOST_ROUNDS; rounds++)
      await crowd.shout("slow", CONTENT_BYTES);
    const ended = performance.now();
    const grown = (await memory()) - memoryBefore;
    slow.resume();
    const code = await new Promise<number>((resolve) => slow.once("close", resolve));
    say(`closed with ${code} after ${rounds} rounds`);
    const recoveryMs = await crowd.recovered(ended);
    const [calm, meanwhile] = [crowd.ackLatency(0, began), crowd.ackLatency(began, ended)];
    return {
      struck: await tooSlow(),
      of: "slow readers closed",
      recoveryMs,
      shown: `${code} after ${rounds * crowd.ledger.observations.length} messages of ${CONTENT_BYTES} B; acks of all clients: p99 ${calm.toFixed(0)} ms before, ${meanwhile.toFixed(0)} ms meanwhile; memory ${(grown / 2 ** 20).toFixed(0)} MiB more`,
      problems: [
        ...(code === 4002 ? [] : [`it was closed with ${code}, not 4002`]),
        ...(grown < MEMORY_BOUND ? [] : [`the gateway grew by ${(grown / 2 ** 20).toFixed(0)} MiB`]),
      ],
    };
  },
};

/** Connected, ready, and reading no more. */
async function stuckSocket(url: string, token: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, ["chat.v1", `bearer.${token}`]);
  await new Promise((resolve, reject) => socket.once("message", resolve).once("error", reject));
  socket.pause();
  return socket;
}
