import { connect } from "node:net";

const TIMEOUT_MS = 5_000;

/**
 * One command to a Redis or Sentinel on this machine, over a connection of its own; the reply as it is written there
 * (RESP2). Rejects where the reply is an error, and where none comes within 5 s.
 */
export async function redisCommand(port: number, ...words: readonly string[]): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", timeout: TIMEOUT_MS });
  socket.once("timeout", () => socket.destroy(new Error(`no answer on port ${port}`)));
  try {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    // The other side answers what it got and then hangs up too, so that the end of the reply is known without reading it.
    socket.end(`*${words.length}\r\n${parts.join("")}`);
    let reply = "";
    for await (const chunk of socket) reply += String(chunk);
    if (reply.startsWith("-")) throw new Error(`${words[0]}: ${reply.split("\r\n")[0]}`);
    return reply;
  } finally {
    socket.destroy();
  }
}
