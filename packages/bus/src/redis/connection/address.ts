/** Where Redis is to be found, as its URL says. */
export interface Address {
  /** The server; with `sentinel`, the Sentinels that know where the master is. Never empty. */
  readonly endpoints: readonly Endpoint[];
  /** Of the server that holds the data. */
  readonly login: Login;
  readonly db: number;
  readonly tls: boolean;
  readonly sentinel?: Sentinel;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

interface Sentinel {
  /** What the Sentinels call the master. */
  readonly master: string;
  /** Of the Sentinels themselves: the data servers' password says nothing about theirs. */
  readonly login: Login;
}

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26379;
/** Scheme, user and password, hosts, path, query. */
const SENTINEL_URL = /^(rediss?)\+sentinel:\/\/(?:([^@/?#]*)@)?([^@/?#]+)\/([^?#]*)(?:\?([^#]*))?$/;
const HOST = /^(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i;

/**
 * Reads `redis[s]://[user][:password]@host[:port][/db]` or `redis[s]+sentinel://[user][:password]@host[:port],…/master[/db]`,
 * the latter with `sentinelUsername` and `sentinelPassword` as parameters. Throws a TypeError that says what is
 * wrong and shows nothing of the URL, which may hold a password.
 */
export function addressOf(url: string): Address {
  const [, scheme, sentinel] = /^(rediss?)(\+sentinel)?:\/\//.exec(url) ?? [];
  if (sentinel !== undefined) return throughSentinel(url);
  if (scheme !== undefined) return direct(url, scheme === "rediss");
  throw new TypeError("a Redis URL starts with redis://, rediss://, redis+sentinel:// or rediss+sentinel://");
}

function direct(text: string, tls: boolean): Address {
  const url = URL.parse(text);
  if (!url) throw new TypeError("the Redis URL is not redis://host:port");
  return {
    endpoints: [{ host: bare(url.hostname) || "localhost", port: Number(url.port || DEFAULT_PORT) }],
    login: { username: decoded(url.username), password: decoded(url.password) },
    db: dbOf(url.pathname.slice(1)),
    tls,
  };
}

function throughSentinel(text: string): Address {
  const [, scheme, login = "", hosts = "", path = "", query = ""] = SENTINEL_URL.exec(text) ?? [];
  if (scheme === undefined)
    throw new TypeError("the Redis URL is not redis+sentinel://host:port,host:port/name-of-the-master");
  const [master = "", db = "", ...more] = path.split("/");
  if (master === "" || more.length > 0)
    throw new TypeError("a redis+sentinel:// URL ends with /name-of-the-master, or that and /database");
  return {
    endpoints: hosts.split(",").map(endpointOf),
    login: loginOf(login),
    db: dbOf(db),
    tls: scheme === "rediss",
    sentinel: { master: decoded(master), login: sentinelLoginOf(query) },
  };
}

function endpointOf(text: string): Endpoint {
  const [, host, port = DEFAULT_SENTINEL_PORT] = HOST.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535)
    throw new TypeError("the hosts of a redis+sentinel:// URL are host or host:port, separated by commas");
  return { host: bare(host), port: Number(port) };
}

function loginOf(text: string): Login {
  const colon = text.indexOf(":");
  const username = colon === -1 ? text : text.slice(0, colon);
  return { username: decoded(username), password: colon === -1 ? "" : decoded(text.slice(colon + 1)) };
}

/** A name that is mistyped would leave a password out without a word. */
function sentinelLoginOf(query: string): Login {
  const { sentinelUsername = "", sentinelPassword = "", ...unknown } = parametersOf(query);
  if (Object.keys(unknown).length > 0)
    throw new TypeError("a redis+sentinel:// URL takes the parameters sentinelUsername and sentinelPassword");
  return { username: sentinelUsername, password: sentinelPassword };
}

/** As in the rest of the URL, a plus is a plus. */
function parametersOf(query: string): Partial<Record<string, string>> {
  const pairs = query === "" ? [] : query.split("&").map((pair) => pair.split(/=(.*)/s));
  return Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, decoded(value)]));
}

function dbOf(text: string): number {
  if (!/^\d{0,5}$/.test(text)) throw new TypeError("the database of a Redis URL is a number");
  return Number(text || 0);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError("the Redis URL has a % that is no escape: write it as %25");
  }
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}
