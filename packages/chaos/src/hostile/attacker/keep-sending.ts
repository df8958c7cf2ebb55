import type { Attacker } from "./attacker.ts";

export interface SendingOptions {
  /** Bytes to write in the next turn. `n` counts all writes from 0. */
  readonly next: (n: number) => Buffer;
  /** Number of connections. Default 1. They belong to the accounts in turn. */
  readonly connections?: number;
}

/** Refs of different phases must differ: the same ref again is a retry (P10). */
let written = 0;

/** Sends on WebSockets, one write a turn, and connects again whenever one of them is closed. */
export function keepSending(attacker: Attacker, { next, connections = 1 }: SendingOptions): Promise<void> {
  return attacker.inParallel(connections, async (index) => {
    const token = attacker.tokens[index % attacker.tokens.length];
    let socket = await attacker.openWebSocket(token);
    while (await attacker.turn()) {
      if (!socket || !(await attacker.write(socket, next(written++))))
        socket = await attacker.openWebSocket(token);
    }
  });
}
