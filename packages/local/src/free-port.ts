import { createServer } from "node:net";

/**
 * First port of the search, which ends at 31999. Operating systems assign higher ports to outgoing connections (from
 * 32768 on Linux, from 49152 elsewhere). There, a connection could take the port of a server that is restarting, or a
 * client could connect to itself.
 */
const FIRST = 20_000;
const COUNT = 12_000;

/** In the golden ratio to COUNT, so that the starts of processes with neighbouring ids are far apart. */
const STEP = 7_417;

// Concurrent processes start their search at different ports. One that came to the ports of another might take that of a
// server that is just restarting. A process returns no port twice until it has tried all.
let next = (process.pid * STEP) % COUNT;

/** Returns a TCP port on which no process listens now. Another process may still take it before the caller does. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (await isFree(port)) return port;
  }
  throw new Error(`no free TCP port between ${FIRST} and ${FIRST + COUNT - 1}`);
}

/** Thrown if another process has taken the chosen port. */
export class PortTaken extends Error {
  override readonly name = "PortTaken";
}

const ATTEMPTS = 5;

/**
 * Calls `start` with a free port. If `start` rejects with PortTaken, calls it again with another port: five times at
 * most.
 */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Resolves with true if a server could listen on the port on all addresses of this machine. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });
}
