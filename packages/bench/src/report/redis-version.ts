import { once } from "node:events";
import { connect } from "node:net";

const TIMEOUT_MS = 5_000;

/** Asks a local Redis for its name and version, such as `Valkey 9.1.2` or `Redis 8.2.1`. */
export async function redisVersion(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, timeout: TIMEOUT_MS });
  socket.on("timeout", () => socket.destroy(new Error(`Redis did not answer within ${TIMEOUT_MS} ms`)));
  socket.write("INFO server\r\n");
  let text = "";
  while (!/^redis_version:[^\n]*\n[\s\S]*^process_id:/m.test(text))
    text += String((await once(socket, "data"))[0]);
  socket.destroy();
  return parseRedisVersion(text);
}

/**
 * Parses the reply to INFO. Besides its own version, Valkey reports the Redis version with which it is compatible.
 */
export function parseRedisVersion(info: string): string {
  const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1];
  const redis = /^redis_version:(\S+)/m.exec(info)?.[1];
  return valkey === undefined ? `Redis ${redis}` : `Valkey ${valkey}`;
}
