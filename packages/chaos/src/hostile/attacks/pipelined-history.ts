import type { Socket } from "node:net";
import type { Attack } from "../attack.ts";
import { requestFor } from "../attacker/attacker.ts";

const REQUESTS_BEHIND = 1_000;
/** Number of connections that the attacker holds open. */
const MAX_OPEN = 30;

/** Requests that are queued behind an unread answer wait until that answer is read. */
export const pipelinedHistory: Attack = {
  name: "pipelined-history",
  title: `${REQUESTS_BEHIND} pipelined requests behind one unread answer of history`,
  shapes: ["split", "standalone"],
  perSecond: 10,
  unit: "connections",
  setup: { stored: [{ from: "mallory-0", to: "mallory-1", count: 1_000, bytes: 5_000 }] },
  async run(attacker) {
    const requests =
      requestFor("/messages/mallory-1", attacker.tokens[0]) + requestFor("/messages").repeat(REQUESTS_BEHIND);
    const open: Socket[] = [];
    while (await attacker.turn()) {
      const socket = await attacker.open(attacker.history);
      if (!socket) continue;
      socket.pause().write(requests);
      open.push(socket);
      if (open.length > MAX_OPEN) open.shift()?.destroy();
    }
  },
};
