import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { steadyMicros } from "../stamp.ts";

const TIMEOUT_MS = 5_000;
/** Different from every key that Parley uses. */
const KEY = "bench:fsync";

/**
 * Sends one XADD at a time, with a pause before each. Resolves with the latencies in µs, which include the fsync
 * (L8).
 */
export async function redisLatencies(
  port: number,
  { count, pauseMs, bytes }: { readonly count: number; readonly pauseMs: number; readonly bytes: number },
): Promise<number[]> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true, timeout: TIMEOUT_MS });
  socket.on("timeout", () => socket.destroy(new Error(`Redis did not answer within ${TIMEOUT_MS} ms`)));
  const words = ["XADD", KEY, "*", "content", "x".repeat(bytes)];
  const command = `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
  const latencies: number[] = [];
  try {
    for (let n = 0; n < count; n += 1) {
      await delay(pauseMs);
      const startedAt = steadyMicros();
      socket.write(command);
      const [reply] = await once(socket, "data");
      if (String(reply).startsWith("-")) throw new Error(`Redis refused XADD: ${reply}`);
      latencies.push(steadyMicros() - startedAt);
    }
  } finally {
    socket.destroy();
  }
  return latencies;
}
