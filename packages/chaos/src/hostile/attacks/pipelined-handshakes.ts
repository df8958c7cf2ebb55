import { randomBytes } from "node:crypto";
import type { Attack } from "../attack.ts";
import { requestFor } from "../attacker/attacker.ts";
import { withWrongSignature } from "../attacker/wrong-tokens.ts";

const REQUESTS_PER_WRITE = 100;
const CONNECTIONS = 4;

/** The gateway verifies the token of each plain `GET /ws`. One connection may carry any number of these requests. */
export const pipelinedHandshakes: Attack = {
  name: "pipelined-handshakes",
  title: `pipelined \`GET /ws\` with wrong tokens, ${REQUESTS_PER_WRITE} a write, on ${CONNECTIONS} connections`,
  shapes: ["split", "standalone"],
  perSecond: 100,
  unit: "writes",
  async run(attacker) {
    const requests = Array.from({ length: REQUESTS_PER_WRITE }, () =>
      requestFor("/ws", withWrongSignature({ user: `nobody-${randomBytes(4).toString("hex")}` })),
    ).join("");
    await attacker.inParallel(CONNECTIONS, async () => {
      let socket = await attacker.open(attacker.gateway);
      socket?.resume();
      while (await attacker.turn()) {
        if (socket && (await attacker.write(socket, requests))) continue;
        socket = await attacker.open(attacker.gateway);
        socket?.resume();
      }
    });
  },
};
