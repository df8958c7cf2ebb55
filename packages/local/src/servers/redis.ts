import { findRedis } from "./find-server.ts";
import { type LocalServer, type ServerOptions, startServer } from "./server.ts";

/**
 * Starts a private Redis that is as durable as Parley requires (L8): every write is on disk before it is answered,
 * and no key is evicted. `options.args`, such as `["--maxmemory", "20mb"]`, come last and override these settings.
 * Throws `ServerUnavailable` if this machine has no Redis and none can be installed.
 */
export async function startRedis(options: ServerOptions = {}): Promise<LocalServer> {
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
