import { connect } from "node:net";
import type { Endpoint } from "./address.ts";

/** A healthy Redis sends nothing before the first command, so the wait is short. In ms. */
const WAIT_MS = 300;
const MAX_LENGTH = 200;

/** The server refused the connection before it read a command. */
const BROKEN = /ECONNRESET|EPIPE|connection ended|connection is closed/i;

/** What a server in protected mode sends to clients from outside. */
const PROTECTED = /^-?DENIED\b/;

/**
 * Returns the reason why a new connection broke off. A server that refuses clients, for example in protected mode,
 * sends the reason and closes the connection. By then the client has sent its first commands, and so only sees a reset.
 * This asks again without sending anything.
 */
export async function reasonOfBreak(reason: string, endpoint: Endpoint): Promise<string> {
  if (!BROKEN.test(reason)) return reason;
  const greeting = await readGreeting(endpoint);
  return greeting === "" ? reason : plainReason(greeting);
}

/** Returns the reason of a server's refusal as text for an operator. */
export function plainReason(refusal: string): string {
  if (!PROTECTED.test(refusal)) return refusal;
  return "DENIED: Redis is in protected mode and accepts connections only from its own machine. Set a password (requirepass) and write it into REDIS_URL, or set protected-mode to no";
}

/** Returns the error that the server sends on its own, or "" if it sends none. */
function readGreeting({ host, port }: Endpoint): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ host, port, timeout: WAIT_MS }, () =>
      setTimeout(() => socket.destroy(), WAIT_MS),
    );
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text = (text + chunk).slice(0, MAX_LENGTH);
    });
    socket.on("error", () => undefined).on("timeout", () => socket.destroy());
    socket.on("close", () => resolve(/^-([\x20-\x7e]+)/.exec(text)?.[1] ?? ""));
  });
}
