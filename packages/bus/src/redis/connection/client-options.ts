import { isIP } from "node:net";
import type { RedisOptions } from "ioredis";
import type { Address, Endpoint, Login } from "./address.ts";

export type ClientOptions = Omit<RedisOptions, "replyMapping">;

/** Shorter than the setup of a whole connection may take, so that after a dead Sentinel the next one is tried. */
const SENTINEL_TIMEOUT_MS = 1_000;

/**
 * Returns the ioredis options for one connection to `address`. With Sentinels, ioredis asks them for the master one
 * after the other, from a random one on, until one answers. It disconnects from a server that isn't a master.
 *
 * `onMaster` is called with the master's address as the Sentinel gave it.
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
    // Maps nothing. ioredis reports the address that the Sentinel gave nowhere else.
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

/** Starts at a random endpoint, so that the first one doesn't get all requests and a dead one doesn't delay each. */
function rotateRandomly(endpoints: readonly Endpoint[]): Endpoint[] {
  const start = Math.floor(Math.random() * endpoints.length);
  return [...endpoints.slice(start), ...endpoints.slice(0, start)];
}
