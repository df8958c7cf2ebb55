import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

/** For the environment of a Node process whose garbage is to be collected: its inspector takes any free port. */
export const INSPECTABLE = { NODE_OPTIONS: "--inspect-port=127.0.0.1:0" };

const ADDRESS = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/g;
const TIMEOUT_MS = 10_000;
const POLL_MS = 20;
/** What is freed in the first pass lets go of more. */
const PASSES = 2;

interface Inspectable {
  readonly pid: number;
  /** What it has printed. */
  output(): string;
}

/**
 * Makes a Node process collect its garbage, through the inspector that SIGUSR1 opens: so that its memory is what it
 * holds, for all alike, and not what its collector has not got round to.
 */
export async function collectGarbage(one: Inspectable): Promise<void> {
  const socket = new WebSocket(await inspectorOf(one));
  await once(socket, "open", { signal: AbortSignal.timeout(TIMEOUT_MS) });
  try {
    for (let id = 1; id <= PASSES; id += 1) {
      socket.send(JSON.stringify({ id, method: "HeapProfiler.collectGarbage" }));
      await once(socket, "message", { signal: AbortSignal.timeout(TIMEOUT_MS) });
    }
  } finally {
    socket.close();
  }
}

async function inspectorOf({ pid, output }: Inspectable): Promise<string> {
  if (!ADDRESS.test(output())) process.kill(pid, "SIGUSR1");
  for (const giveUp = Date.now() + TIMEOUT_MS; Date.now() < giveUp; await delay(POLL_MS)) {
    const address = output().match(ADDRESS)?.at(-1);
    if (address !== undefined) return address;
  }
  throw new Error("a server's inspector did not open");
}
