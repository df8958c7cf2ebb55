import { connect } from "node:net";

const TIMEOUT_MS = 5_000;

/**
 * Sends one command to a Redis or Sentinel on this machine, over a new connection. Resolves with the raw reply
 * (RESP2). Rejects if the reply is an error or doesn't arrive within 5 s.
 */
export async function redisCommand(port: number, ...words: readonly string[]): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", timeout: TIMEOUT_MS });
  socket.once("timeout", () =>
    socket.destroy(new Error(`no answer to ${words[0]} on port ${port} within ${TIMEOUT_MS} ms`)),
  );
  try {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    // After a half-close, the server replies and then closes. The reply needn't be parsed to find its end.
    socket.end(`*${words.length}\r\n${parts.join("")}`);
    let reply = "";
    for await (const chunk of socket) reply += String(chunk);
    if (reply.startsWith("-")) throw new Error(`${words[0]}: ${reply.split("\r\n")[0]}`);
    return reply;
  } finally {
    socket.destroy();
  }
}
