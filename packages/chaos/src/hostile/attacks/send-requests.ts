import type { Attack } from "../attack.ts";

const CONNECTIONS = 64;

/** A request costs far more than a frame: its head is parsed, its token is looked up, and it has an answer of its own. */
export const sendRequests: Attack = {
  name: "send-requests",
  title: `\`POST /send\` from one account, as fast as the answers come on ${CONNECTIONS} connections`,
  shapes: ["split", "standalone"],
  perSecond: 2_000,
  unit: "requests",
  run: (attacker) => {
    const [token] = attacker.tokens;
    const run = Math.random().toString(36).slice(2);
    let sent = 0;
    const next = () => {
      const body = JSON.stringify({ to: "mallory-1", content: "x", ref: `${run}-${sent++}` });
      return (
        `POST /send HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      );
    };
    return attacker.inParallel(CONNECTIONS, async () => {
      let socket = await attacker.open(attacker.gateway);
      while (await attacker.turn()) {
        if (socket && (await attacker.write(socket, next()))) await attacker.answered(socket);
        else socket = await attacker.open(attacker.gateway);
      }
    });
  },
};
