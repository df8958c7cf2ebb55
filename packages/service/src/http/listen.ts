import type { Server } from "node:http";
import { isIPv6 } from "node:net";
import { ConfigError } from "../env/config-error.ts";

/** The address that a server is bound to. */
export interface Listening {
  readonly address: string;
  readonly port: number;
  /** An `http://…` URL that a client on this machine can use: never with 0.0.0.0. */
  readonly url: string;
}

/** Options of `listen`. */
export interface ListenOptions {
  readonly port: number;
  readonly host: string;
  /** The variable that sets the port, named in errors. Default PORT. */
  readonly variable?: string | undefined;
  /** Shares the port with other processes that set this too; the kernel distributes connections (Linux). */
  readonly reusePort?: boolean;
}

/** Resolves once the server accepts connections. Rejects with a ConfigError if the port or address can't be used. */
export function listen(
  server: Server,
  { port, host, variable = "PORT", reusePort = false }: ListenOptions,
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    function onError(error: NodeJS.ErrnoException): void {
      const problem = configProblem(error.code, variable, port, host);
      reject(problem === undefined ? error : new ConfigError(problem));
    }
    server.once("error", onError);
    server.listen({ port, host, reusePort }, () => {
      server.off("error", onError);
      resolve(listeningOf(server));
    });
  });
}

function configProblem(
  code: string | undefined,
  variable: string,
  port: number,
  host: string,
): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return `${variable} ${port} is taken by another process (on ${host}): set ${variable} to a free port`;
    case "EACCES":
      return `${variable} ${port} needs privileges that this user lacks: set ${variable} to 1024 or higher`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${hostVariable(variable)} ${host} is not an address of this machine: set ${hostVariable(variable)} to a local address`;
    default:
      return undefined;
  }
}

/** Returns the names of the variables that can set the address of a port. */
function hostVariable(portVariable: string): string {
  return portVariable === "ADMIN_PORT" ? "ADMIN_HOST or HOST" : "HOST";
}

function listeningOf(server: Server): Listening {
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new TypeError("the server listens on no port");
  const { address, port } = bound;
  const reachable = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "localhost" : address;
  return { address, port, url: `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}` };
}

/** Interval at which a server that is closing closes the connections whose request has ended since. */
const CLOSE_IDLE_EVERY_MS = 50;

/**
 * Stops accepting connections, waits up to `graceMs` ms for requests in flight, then destroys their connections.
 * Resolves when all have ended, at the latest after `graceMs`. Closes idle connections again and again, because Node
 * keeps a connection whose request was in flight open until `keepAliveTimeout`. Upgraded sockets stay open: their owner closes them.
 */
export function closeServer(server: Server, graceMs = 2_000): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
    const cut = setTimeout(() => {
      server.closeAllConnections();
      end();
    }, graceMs);
    server.close(end);
    server.closeIdleConnections();

    function end(): void {
      clearInterval(idle);
      clearTimeout(cut);
      resolve();
    }
  });
}
