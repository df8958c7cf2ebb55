import { findMongo } from "./find-server.ts";
import { type LocalServer, type ServerOptions, startServer } from "./server.ts";

/**
 * Starts a private MongoDB: a mongod, or SecantusDB, which speaks the same protocol and commits to disk before it
 * answers. Throws `ServerUnavailable` if this machine has no MongoDB and none can be installed.
 */
export async function startMongo(options: ServerOptions = {}): Promise<LocalServer> {
  const { kind, command } = await findMongo();
  return startServer(
    {
      name: "mongo",
      url: (port) => `mongodb://127.0.0.1:${port}`,
      ready: /Waiting for connections|secantus listening on/,
      command: (port, dir) =>
        kind === "mongod"
          ? [...command, "--bind_ip", "127.0.0.1", "--port", String(port), "--dbpath", dir, "--nounixsocket"]
          : [
              ...[...command, "--host", "127.0.0.1", "--port", String(port), "--storage-path", dir],
              ...["--standalone", "--sync-on-commit", "--cache-size", "256M"],
            ],
    },
    options,
  );
}
