import { createServer } from "node:net";

/**
 * Below the range from which an operating system takes the ports of outgoing connections (32768 and up on Linux,
 * 49152 elsewhere): there, a client could take the port of a server that is just being restarted, or even connect
 * to itself.
 */
const FIRST = 20_000;
const COUNT = 12_000;

// Processes that look for ports at the same time begin at different places; one process never gives a port twice.
let next = (process.pid * 61) % COUNT;

/** A TCP port that nobody on this machine listens on now. The one who takes it must still be ready to find it taken. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (await isFree(port)) return port;
  }
  throw new Error(`no free TCP port between ${FIRST} and ${FIRST + COUNT - 1}`);
}

/** The port that was to be used is another process' now. */
export class PortTaken extends Error {
  override readonly name = "PortTaken";
}

const ATTEMPTS = 5;

/** Starts something on a free port; where `start` rejects with PortTaken, again on another one. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Whether a server could listen on the port, on every address of this machine. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });
}
