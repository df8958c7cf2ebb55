import type { Server } from "node:http";
import { isIPv6 } from "node:net";
import { ConfigError } from "../env/config-error.ts";

export interface Listening {
  readonly address: string;
  readonly port: number;
  /** `http://…`, such as a client on this machine can use it: never 0.0.0.0. */
  readonly url: string;
}

export interface ListenOptions {
  readonly port: number;
  readonly host: string;
  /** The variable that the port came from, for the error's text. Default PORT. */
  readonly variable?: string | undefined;
  /** Lets other processes that ask for it too listen on the same port; the system spreads connections (Linux). */
  readonly reusePort?: boolean;
}

/** Resolves once connections are taken. Rejects with a ConfigError for a port or address that cannot be had. */
export function listen(
  server: Server,
  { port, host, variable = "PORT", reusePort = false }: ListenOptions,
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    function refused(error: NodeJS.ErrnoException): void {
      const problem = refusal(error.code, variable, port, host);
      reject(problem === undefined ? error : new ConfigError(problem));
    }
    server.once("error", refused);
    server.listen({ port, host, reusePort }, () => {
      server.off("error", refused);
      resolve(listeningOf(server));
    });
  });
}

function refusal(code: string | undefined, variable: string, port: number, host: string): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return `${variable} ${port} is taken: another process listens there (on ${host}); set ${variable} to a free port`;
    case "EACCES":
      return `${variable} ${port} may not be opened by this user: set ${variable} to a port from 1,024 on`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `HOST ${host} is no address of this machine`;
    default:
      return undefined;
  }
}

function listeningOf(server: Server): Listening {
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new TypeError("the server listens on no port");
  const { address, port } = bound;
  const reachable = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "localhost" : address;
  return { address, port, url: `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}` };
}

/**
 * Takes no more connections, lets requests under way end for `graceMs`, then cuts them. Resolves when all are gone,
 * and at the latest then: a socket that was upgraded is its owner's to close.
 */
export function closeServer(server: Server, graceMs = 2_000): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.closeAllConnections();
      resolve();
    }, graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
