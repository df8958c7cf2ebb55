import { WebSocket } from "ws";
import { readMetric } from "../../cluster/metrics.ts";
import type { Fault } from "../fault.ts";

const CONTENT_BYTES = 8_000;
const PENDING_BYTES = 65_536;
/**
 * Maximum number of rounds. Many are needed, because the kernel buffers some MiB of a loopback connection before the
 * gateway meets backpressure.
 */
const MAX_ROUNDS = 200;
const MAX_MEMORY_GROWTH = 64 * 2 ** 20;

/**
 * Connects a client that stops reading, and sends to it from all other clients. The gateway must close it with 4002.
 */
export const slowReader: Fault = {
  id: "F14",
  title: "a slow reader",
  // A client that doesn't read answers no pings either. With a long heartbeat, only MAX_PENDING_BYTES can close it.
  clusterOptions: { env: { MAX_PENDING_BYTES: String(PENDING_BYTES), HEARTBEAT_MS: "60000" } },
  async inject({ cluster, workload, log }) {
    const [gateway] = cluster.gateways;
    if (!gateway) throw new Error("the cluster has no gateway");
    const readMemory = () => readMetric(gateway.app, "process_resident_memory_bytes");
    const countTooSlow = () => readMetric(gateway.app, "parley_gateway_too_slow_total");
    const { slow, closed } = await connectAndPause(gateway.app.url, await cluster.token("slow"));
    const [startedMs, memoryBefore] = [performance.now(), await readMemory()];
    let rounds = 0;
    for (; (await countTooSlow()) === 0 && rounds < MAX_ROUNDS; rounds++)
      await workload.sendFromAll("slow", CONTENT_BYTES);
    const endedMs = performance.now();
    const growth = (await readMemory()) - memoryBefore;
    const growthMib = (growth / 2 ** 20).toFixed(0);
    slow.resume();
    const code = await closed;
    log(`closed with ${code} after ${rounds} rounds`);
    const recoveryMs = await workload.untilRecovered(endedMs);
    const [before, meanwhile] = [workload.ackLatency(0, startedMs), workload.ackLatency(startedMs, endedMs)];
    return {
      struck: await countTooSlow(),
      unit: "slow readers closed",
      recoveryMs,
      details: `${code} after ${rounds * workload.ledger.observations.length} messages of ${CONTENT_BYTES} B; acks of all clients: p99 ${before.toFixed(0)} ms before, ${meanwhile.toFixed(0)} ms meanwhile; memory ${growthMib} MiB more`,
      problems: [
        ...(code === 4002 ? [] : [`the slow reader was closed with ${code}, not 4002`]),
        ...(growth < MAX_MEMORY_GROWTH ? [] : [`the gateway grew by ${growthMib} MiB`]),
      ],
    };
  },
};

/** Connects, waits for the first frame, and stops reading. `closed` resolves with the close code. */
async function connectAndPause(
  url: string,
  token: string,
): Promise<{ slow: WebSocket; closed: Promise<number> }> {
  const slow = new WebSocket(`${url.replace("http", "ws")}/ws`, ["chat.v1", `bearer.${token}`]);
  const closed = new Promise<number>((resolve) => slow.once("close", resolve));
  await new Promise((resolve, reject) => slow.once("message", resolve).once("error", reject));
  slow.pause();
  return { slow, closed };
}
