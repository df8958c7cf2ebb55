import type { Attacker } from "./attacker.ts";

export interface SendingOptions {
  /** Returns the bytes to write in the next turn. `n` counts all writes from 0, `own` those of this connection. */
  readonly next: (n: number, own: number) => Buffer;
  /** Number of connections, divided evenly among the accounts. Default 1. */
  readonly connections?: number;
}

/**
 * Number of writes in all phases. Attacks make refs from it, and a ref that comes back in a later phase would be a
 * retry (P10).
 */
let written = 0;

/** Sends on WebSockets, one write per turn, and replaces each WebSocket that is closed. */
export function keepSending(attacker: Attacker, { next, connections = 1 }: SendingOptions): Promise<void> {
  return attacker.inParallel(connections, async (index) => {
    const token = attacker.tokens[index % attacker.tokens.length];
    let socket = await attacker.openWebSocket(token);
    for (let own = 0; await attacker.turn(); own += 1) {
      if (!socket || !(await attacker.write(socket, next(written++, own))))
        socket = await attacker.openWebSocket(token);
    }
  });
}
