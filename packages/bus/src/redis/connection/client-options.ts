import { isIP } from "node:net";
import type { RedisOptions } from "ioredis";
import type { Address, Endpoint, Login } from "./address.ts";

export type ClientOptions = Omit<RedisOptions, "replyMapping">;

/** Under the time that a new connection has as a whole, so that the Sentinels after one that is away get their turn. */
const SENTINEL_TIMEOUT_MS = 1_000;

/**
 * How ioredis gets one connection to a server, by way of the Sentinels where there are any: each is asked for the
 * master until one answers, beginning anywhere, and a server that turns out to be no master is hung up on.
 * `onMaster` is told the master's address, as the Sentinel gave it.
 */
export function serverOptions(address: Address, onMaster: (address: string) => void): ClientOptions {
  const { endpoints, login, db, tls, sentinel } = address;
  const common = { ...loginOptions(login), db };
  if (!sentinel) {
    const [{ host, port } = { host: "localhost", port: 6379 }] = endpoints;
    return { ...common, host, port, ...(tls && { tls: tlsOptions(host) }) };
  }
  return {
    ...common,
    ...(tls && { tls: {}, enableTLSForSentinelMode: true, sentinelTLS: {} }),
    sentinels: rotated(endpoints),
    name: sentinel.master,
    ...(sentinel.login.username !== "" && { sentinelUsername: sentinel.login.username }),
    ...(sentinel.login.password !== "" && { sentinelPassword: sentinel.login.password }),
    sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
    connectTimeout: SENTINEL_TIMEOUT_MS,
    sentinelRetryStrategy: () => null,
    updateSentinels: false,
    // It maps nothing: it is the one place where ioredis says what the Sentinel answered.
    natMap: (master) => {
      onMaster(master);
      return null;
    },
  };
}

/** The address of one Sentinel itself. */
export function sentinelAddress(address: Address, endpoint: Endpoint): Address {
  const login = address.sentinel?.login ?? { username: "", password: "" };
  return { endpoints: [endpoint], login, db: 0, tls: address.tls };
}

function loginOptions({ username, password }: Login): ClientOptions {
  return { ...(username !== "" && { username }), ...(password !== "" && { password }) };
}

function tlsOptions(host: string): { servername?: string } {
  return isIP(host) ? {} : { servername: host };
}

/** Beginning anywhere: not all go to the first, and one that does not answer is not the first one every time. */
function rotated(endpoints: readonly Endpoint[]): Endpoint[] {
  const start = Math.floor(Math.random() * endpoints.length);
  return [...endpoints.slice(start), ...endpoints.slice(0, start)];
}
