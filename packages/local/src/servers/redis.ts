import { findRedis } from "./find-server.ts";
import { type OwnServer, type ServerOptions, startServer } from "./server.ts";

/**
 * Starts a Redis of one's own, durable as Parley wants it (L8): every write is on disk before it is answered, nothing
 * is evicted. `args` come last and so override: `["--maxmemory", "20mb"]`.
 * Throws `ServerUnavailable` where this machine has none and none can be installed.
 */
export async function startRedis(options: ServerOptions = {}): Promise<OwnServer> {
  const binary = await findRedis();
  return startServer(
    {
      name: "redis",
      url: (port) => `redis://127.0.0.1:${port}`,
      ready: /Ready to accept connections/,
      command: (port, dir) => [
        ...binary,
        ...["--bind", "127.0.0.1", "--port", String(port), "--dir", dir],
        ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
        ...["--maxmemory-policy", "noeviction"],
      ],
    },
    options,
  );
}
