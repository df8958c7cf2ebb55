import { isIP } from "node:net";
import type { RedisOptions } from "ioredis";
import type { Address, Endpoint, Login } from "./address.ts";

export type ClientOptions = Omit<RedisOptions, "replyMapping">;

/** Timeout for one Sentinel, in ms. Shorter than a connection's setup timeout, so that the next one can be tried. */
const SENTINEL_TIMEOUT_MS = 1_000;

/**
 * Returns the ioredis options for one connection to `address`. If the address has Sentinels, ioredis asks one Sentinel
 * after the other for the master until one answers. It starts with a random Sentinel. It disconnects from a server that
 * isn't a master.
 *
 * `onMaster` is called with the master's address, as the Sentinel reported it.
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
    sentinels: rotateRandomly(endpoints),
    name: sentinel.master,
    ...(sentinel.login.username !== "" && { sentinelUsername: sentinel.login.username }),
    ...(sentinel.login.password !== "" && { sentinelPassword: sentinel.login.password }),
    sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
    connectTimeout: SENTINEL_TIMEOUT_MS,
    sentinelRetryStrategy: () => null,
    updateSentinels: false,
    // Changes no address. This callback is the only way to learn from ioredis which address the Sentinel reported.
    natMap: (master) => {
      onMaster(master);
      return null;
    },
  };
}

/** Returns an address for connecting to the Sentinel at `endpoint`, with the Sentinels' login and the TLS setting. */
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

/** Starts at a random endpoint, so that the first one doesn't get all requests, nor delay all of them if it is dead. */
function rotateRandomly(endpoints: readonly Endpoint[]): Endpoint[] {
  const start = Math.floor(Math.random() * endpoints.length);
  return [...endpoints.slice(start), ...endpoints.slice(0, start)];
}
