/** A parsed Redis URL. */
export interface Address {
  /** The address of the server or, if `sentinel` is set, the addresses of the Sentinels. Never empty. */
  readonly endpoints: readonly Endpoint[];
  /** Credentials for the server that holds the data. */
  readonly login: Login;
  readonly db: number;
  readonly tls: boolean;
  readonly sentinel?: Sentinel;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Redis credentials. A field that is an empty string isn't sent. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

interface Sentinel {
  /** The master's name in the Sentinels' configuration. */
  readonly master: string;
  /** Credentials for the Sentinels themselves, which are independent of the data servers' credentials. */
  readonly login: Login;
}

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26379;
/** Groups: scheme, user and password, hosts, path, query. */
const SENTINEL_URL = /^(rediss?)\+sentinel:\/\/(?:([^@/?#]*)@)?([^@/?#]+)\/([^?#]*)(?:\?([^#]*))?$/;
const HOST = /^(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i;

/**
 * Parses a Redis URL of one of two forms:
 *
 *     redis[s]://[user][:password]@host[:port][/db]
 *     redis[s]+sentinel://[user][:password]@host[:port],…/master[/db][?sentinelUsername=…&sentinelPassword=…]
 *
 * Throws a TypeError that says what is wrong. The error contains no part of the URL, which may contain a password.
 */
export function parseRedisUrl(url: string): Address {
  const [, scheme, sentinel] = /^(rediss?)(\+sentinel)?:\/\//.exec(url) ?? [];
  if (sentinel !== undefined) return parseSentinelUrl(url);
  if (scheme !== undefined) return parseServerUrl(url, scheme === "rediss");
  throw new TypeError(
    "the Redis URL must start with redis://, rediss://, redis+sentinel:// or rediss+sentinel://",
  );
}

function parseServerUrl(text: string, tls: boolean): Address {
  const url = URL.parse(text);
  if (!url) throw new TypeError("the Redis URL is not valid: use the form redis://host:port");
  return {
    endpoints: [{ host: stripBrackets(url.hostname) || "localhost", port: Number(url.port || DEFAULT_PORT) }],
    login: { username: decode(url.username), password: decode(url.password) },
    db: parseDb(url.pathname.slice(1)),
    tls,
  };
}

function parseSentinelUrl(text: string): Address {
  const [, scheme, login = "", hosts = "", path = "", query = ""] = SENTINEL_URL.exec(text) ?? [];
  if (scheme === undefined)
    throw new TypeError(
      "the Redis URL is not valid: use the form redis+sentinel://host:port,host:port/name-of-the-master",
    );
  const [master = "", db = "", ...more] = path.split("/");
  if (master === "" || more.length > 0)
    throw new TypeError(
      "a redis+sentinel:// URL must end with /name-of-the-master or /name-of-the-master/database",
    );
  return {
    endpoints: hosts.split(",").map(parseEndpoint),
    login: parseLogin(login),
    db: parseDb(db),
    tls: scheme === "rediss",
    sentinel: { master: decode(master), login: parseSentinelLogin(query) },
  };
}

function parseEndpoint(text: string): Endpoint {
  const [, host, port = DEFAULT_SENTINEL_PORT] = HOST.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535)
    throw new TypeError(
      "the hosts of a redis+sentinel:// URL must be host or host:port, separated by commas",
    );
  return { host: stripBrackets(host), port: Number(port) };
}

function parseLogin(text: string): Login {
  const colon = text.indexOf(":");
  const username = colon === -1 ? text : text.slice(0, colon);
  return { username: decode(username), password: colon === -1 ? "" : decode(text.slice(colon + 1)) };
}

/** Rejects unknown parameters. Otherwise a typing error in a name would silently leave out the password. */
function parseSentinelLogin(query: string): Login {
  const { sentinelUsername = "", sentinelPassword = "", ...unknown } = parseQuery(query);
  if (Object.keys(unknown).length > 0)
    throw new TypeError(
      "a redis+sentinel:// URL allows only the parameters sentinelUsername and sentinelPassword",
    );
  return { username: sentinelUsername, password: sentinelPassword };
}

/** Parses a query string. Unlike URLSearchParams, it doesn't decode a plus sign as a space. */
function parseQuery(query: string): Partial<Record<string, string>> {
  const pairs = query === "" ? [] : query.split("&").map((pair) => pair.split(/=(.*)/s));
  return Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, decode(value)]));
}

function parseDb(text: string): number {
  if (!/^\d{0,5}$/.test(text)) throw new TypeError("the database in a Redis URL must be a number");
  return Number(text || 0);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError("the Redis URL has a % that is not part of an escape: write it as %25");
  }
}

function stripBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}
