import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort, startChild } from "@parley/local";
import { onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { ROOT } from "./compose.ts";

/** The folders in which nginx is looked for. Debian doesn't put /usr/sbin on a user's PATH. */
const FOLDERS = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];

/** True if this machine has an nginx. */
export const hasNginx = FOLDERS.some((folder) => existsSync(join(folder, "nginx")));

/** The environment in which the proxy's script finds nginx. */
export const PROXY_ENV = { PATH: FOLDERS.join(delimiter) };

/** The script that starts the proxy, as in the Compose file. */
export const START = join(ROOT, "deploy/proxy/start.sh");

/** Options of `startProxy`. */
export interface ProxyOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Shell commands to run before the script, such as `ulimit -n 256`. */
  readonly before?: string;
  /** True if no server listens behind the proxy. */
  readonly withoutApps?: boolean;
}

/** Starts deploy/proxy with the nginx of this machine, in front of one server that stands in for all apps. */
export async function startProxy({ env = {}, before = "true", withoutApps = false }: ProxyOptions = {}) {
  const apps = await startApps();
  onTestFinished(() => apps.close());
  const upstream = `127.0.0.1:${withoutApps ? await freePort() : apps.port}`;
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), "parley-proxy-"));
  const child = await startChild({
    command: "sh",
    // nginx opens /dev/stdout. That works with a pipe, but Node gives its children sockets.
    args: ["-c", `${before}; sh "$0" 2>&1 | cat`, START],
    env: {
      ...PROXY_ENV,
      PROXY_DIR: dir,
      PROXY_PORT: String(port),
      PROXY_GATEWAY: upstream,
      PROXY_HISTORY_API: upstream,
      PROXY_WORKERS: "1",
      ...env,
    },
  });
  onTestFinished(async () => {
    await child.stop();
    rmSync(dir, { recursive: true });
  });
  const url = `http://127.0.0.1:${port}`;
  while ((await fetch(url).catch(() => undefined)) === undefined)
    if (child.exit) throw new Error(child.output());
  return { url, port, dir, child, requests: apps.requests };
}

/** Starts a server that echoes WebSocket messages and answers every request. Under /set it sets the apps' headers. */
async function startApps() {
  const requests: IncomingMessage[] = [];
  const server = createServer((req, res) => {
    requests.push(req);
    const headers = { "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" };
    res.writeHead(200, req.url === "/set" ? headers : {}).end("from the app");
  });
  const sockets = new WebSocketServer({ server, handleProtocols: () => "chat.v1" });
  sockets.on("connection", (socket, req) => {
    requests.push(req);
    socket.on("message", (data) => socket.send(String(data)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    requests,
    close: () => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
    },
  };
}
