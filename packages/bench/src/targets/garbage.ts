import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Child } from "@parley/local";

/** Environment of a Node process for `collectGarbage`: its inspector listens on any free port. */
export const INSPECTABLE = { NODE_OPTIONS: "--inspect-port=127.0.0.1:0" };

const ADDRESS = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/g;
const TIMEOUT_MS = 10_000;
const POLL_MS = 20;
/** Number of collections. The first one runs finalizers, which free more memory for the second one. */
const PASSES = 2;

interface Inspectable {
  readonly pid: number;
  /** The text that the process has printed. */
  output(): string;
}

/**
 * Makes a Node process collect its garbage, through the inspector that SIGUSR1 opens. Afterwards the process' memory
 * holds only live objects, so measurements don't depend on the collector's timing.
 */
export async function collectGarbage(server: Inspectable): Promise<void> {
  const socket = new WebSocket(await inspectorOf(server));
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

const COLLECTED = /^collected \d+$/gm;

/** Makes the Go peer collect its garbage and return free memory. It prints a line once that is done. */
export async function collectGoGarbage(server: Inspectable & Pick<Child, "printed">): Promise<void> {
  const count = (server.output().match(COLLECTED)?.length ?? 0) + 1;
  process.kill(server.pid, "SIGUSR1");
  await server.printed(new RegExp(`^collected ${count}$`, "m"), TIMEOUT_MS);
}

async function inspectorOf({ pid, output }: Inspectable): Promise<string> {
  if (!ADDRESS.test(output())) process.kill(pid, "SIGUSR1");
  for (const giveUp = performance.now() + TIMEOUT_MS; performance.now() < giveUp; await delay(POLL_MS)) {
    const address = output().match(ADDRESS)?.at(-1);
    if (address !== undefined) return address;
  }
  throw new Error(`the inspector of process ${pid} did not open within ${TIMEOUT_MS} ms`);
}
