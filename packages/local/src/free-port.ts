import { createServer } from "node:net";

/**
 * Below the range from which an operating system assigns ports to outgoing connections (32768 and up on Linux, 49152
 * elsewhere). In that range a client could get the port of a server that is just restarting, or connect to itself.
 */
const FIRST = 20_000;
const COUNT = 12_000;

// Concurrent processes start their search at different ports, and one process never returns the same port twice.
let next = (process.pid * 61) % COUNT;

/** Returns a TCP port on which no process listens now. Another process may still take it before the caller does. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (await isFree(port)) return port;
  }
  throw new Error(`no free TCP port between ${FIRST} and ${FIRST + COUNT - 1}`);
}

/** Another process took the chosen port. */
export class PortTaken extends Error {
  override readonly name = "PortTaken";
}

const ATTEMPTS = 5;

/** Calls `start` with a free port, and with another one if it rejects with PortTaken: five ports at most. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Returns true if a server could listen on the port on all addresses of this machine. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });
}
