import { MAX_FRAME_BYTES } from "@parley/models";
import { TrustedProxies } from "../http/address.ts";
import { LOOPBACK_ORIGINS, originOf } from "../http/origins.ts";
import { fields, listOf, parsed } from "./fields.ts";
import { maxConnectionsFor, maxSocketsFor, maxSocketsPerAddressFor } from "./open-files.ts";

/** Bytes of a frame reserved for everything but the content. */
const FRAME_ROOM = 1_024;
/** A namespace in Redis has no character with a meaning in names, hash tags and patterns (L38). */
const NAMESPACE = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** Variables whose default differs by app. */
const perApp = {
  PORT: (defaultValue: number) =>
    fields.port(defaultValue).describe("The port that clients connect to. 0 picks a free port."),
  ADMIN_PORT: (defaultValue: number) =>
    fields
      .port(defaultValue)
      .describe(
        "The port for `/healthz`, `/readyz` and `/metrics`; a persister also serves `/dead-letters` there, a gateway `/revocations`. Keep it private to operators. 0 picks a free port.",
      ),
  HOST: (defaultValue: string) =>
    fields
      .host(defaultValue)
      .describe("The local address that `PORT` listens on, and `ADMIN_PORT` too if `ADMIN_HOST` is unset."),
  DATA_DIR: (defaultValue: string) =>
    fields.directory(defaultValue).meta({
      description:
        "The directory for history, and for the generated token secret if `JWT_SECRET` is unset. `start:split` and `parley token` read it too.",
      defaultInWords: defaultValue,
    }),
};

const shared = {
  ADMIN_HOST: fields.optionalHost().meta({
    description:
      "The local address that `ADMIN_PORT` listens on, such as 127.0.0.1 or an address that only operators reach.",
    defaultInWords: "as `HOST`",
  }),

  REDIS_URL: fields
    .redisUrl()
    .describe(
      "The Redis that holds the log. `rediss://` uses TLS; `redis+sentinel://` finds the master through Sentinel, see below.",
    ),
  REDIS_NAMESPACE: parsed("1 to 32 of a-z, 0-9, - and _, and begin with a letter or a digit", (text) =>
    NAMESPACE.test(text) ? text : undefined,
  )
    .optional()
    .meta({
      description:
        "A name for this installation in Redis, which becomes part of every key and channel. Set it, equal for all processes, if several installations share one database of one Redis; see Names in docs/operating.md before you change it (L38).",
      defaultInWords: "none",
    }),
  MONGO_URL: fields
    .mongoUrl()
    .describe("The MongoDB that stores history. The database is the one named in the URL, or `parley`."),

  ALLOWED_ORIGINS: parsed("origins such as https://chat.example.com, separated by commas, or *", originsOf)
    .optional()
    .meta({
      description:
        "Origins of the pages that may connect beside those of this server's own origin, over WebSocket and HTTP, separated by commas; `*` allows any. `http://localhost:*` allows every port of that name, also for `127.0.0.1` and `[::1]`, and with https. Requests without `Origin` don't come from a browser page and skip this check.",
      defaultInWords:
        "none; `start` and `start:split` on a loopback `HOST` add the loopback names with every port",
    }),
  TRUST_PROXY: parsed("addresses or networks such as 10.0.0.0/8, separated by commas", TrustedProxies.parse)
    .default(TrustedProxies.none)
    .meta({
      description:
        "Addresses or networks (CIDR) of the proxies whose `X-Forwarded-For` is trusted, separated by commas.",
      defaultInWords: "none: forwarded addresses are ignored",
    }),

  MAX_SOCKETS: fields.limit(maxSocketsFor).meta({
    description:
      "Sockets that `PORT` accepts at the same time, WebSockets included. At the limit a new one takes the place of one that has been idle for half a second, or is closed at once. 0 removes the limit.",
    defaultInWords: "the process's open-file limit, less 96",
  }),
  MAX_SOCKETS_PER_ADDRESS: fields.limit(maxSocketsPerAddressFor).meta({
    description:
      "The same limit for one client address, without open WebSockets. IPv6 addresses count per /64 network; addresses in `TRUST_PROXY` have no limit. 0 removes the limit.",
    defaultInWords: "a quarter of the default of `MAX_SOCKETS`, at most 1,000",
  }),

  RATE_LIMIT: fields
    .limit(50)
    .describe(
      "Frames per second that one user may send to one gateway, over all connections, and edits and deletions to one history-api (P73), with bursts of four times as many (P32). 0 removes the limit, and the one that `RATE_LIMIT_BYTES` has by default.",
    ),
  RATE_LIMIT_BYTES: fields.optionalLimit().meta({
    description:
      "Bytes per second that one user may send to one process, over all connections, with bursts of four times as many (P32). A message counts as the frame that its readers get, JSON escapes included. At four times this rate a gateway reads more slowly. 0 removes the limit.",
    defaultInWords: "2,048 for each frame of `RATE_LIMIT`: 102,400",
  }),
  MAX_UNANSWERED: fields
    .count(128, { max: 100_000 })
    .describe(
      "Unanswered messages of one connection at which the gateway pauses reading from it. Also the unanswered requests to `/send` (P62), and to edit or delete (P73), that one user may have.",
    ),
  MAX_CONNECTIONS_PER_USER: fields
    .limit(20)
    .describe("Connections that one user may hold to one gateway. 0 removes the limit."),
  MAX_CONNECTIONS_PER_ADDRESS: fields
    .limit(1_000)
    .describe(
      "Connections that one client address may hold to one gateway; IPv6 addresses count per /64 network. 0 removes the limit.",
    ),
  MAX_CONNECTIONS: fields.limit(maxConnectionsFor).meta({
    description: "Connections that one gateway may hold. 0 removes the limit.",
    defaultInWords: "the process's open-file limit, less a reserve",
  }),
  MAX_CONTENT_BYTES: fields
    .bytes(8_192, { max: MAX_FRAME_BYTES - FRAME_ROOM })
    .describe(
      `Maximum length of a message's content, in bytes of UTF-8; at most ${MAX_FRAME_BYTES - FRAME_ROOM}. A frame, JSON escapes included, is at most ${MAX_FRAME_BYTES} bytes.`,
    ),

  DEDUPE_WINDOW_MS: fields
    .milliseconds(600_000, { min: 1_000 })
    .describe(
      "How long a `ref` is remembered: within this time a message sent again with the same `ref` isn't duplicated (P10, L5).",
    ),
  DEDUPE_MAX_REFS: fields
    .count(10_000_000)
    .describe(
      "Refs remembered at the same time. At this limit a message with a new `ref` gets `backlog_full`; from half of it on each sender has a share (L5).",
    ),
  BACKLOG_MAX_ENTRIES: fields
    .count(200_000)
    .describe(
      "Messages that may wait in the log to be stored. At this limit senders get `backlog_full`; from half of it on each sender has a share (L7).",
    ),
  BACKLOG_MAX_BYTES: fields
    .bytes(268_435_456)
    .describe(
      "The same limit in bytes (L7). A persister also trims stored messages early if they take more than this.",
    ),
  ENTRIES: parsed("1 or 2", (text) => (text === "1" ? 1 : text === "2" ? 2 : undefined))
    .optional()
    .meta({
      description:
        "The format that a persister gives to the log and to MongoDB, equal for all persisters. `2`: every process is of this version or a later one. `1`: earlier ones may run again. Unset: both keep their format; see Formats in docs/operating.md (L25).",
      defaultInWords: "none",
    }),
  DURABILITY: fields
    .choice(["local", "replicated"], "local")
    .describe(
      "The meaning of an ack. `local`: the message is on the disk of the Redis that accepted it. `replicated`: a replica has it too, so it survives a failover (L9). Set it equally for gateways and history-apis, which append edits and deletions.",
    ),
  ALLOW_WEAK_DURABILITY: fields
    .flag(false)
    .describe(
      "Whether to run on a Redis that may lose confirmed writes: one without an append-only file synced at every write, or with an eviction policy. If `false`, a gateway isn't ready on such a Redis, and a history-api refuses edits and deletions (L8).",
    ),
  REUSE_PORT: fields
    .flag(false)
    .describe(
      "Whether several gateways on one machine share one `PORT`, to use more than one core (Linux). Standalone refuses `true`: its embedded engines belong to a single process.",
    ),
  DRAIN_MS: fields
    .milliseconds(20_000, { max: 24_000 })
    .describe(
      "Maximum time over which a stopping gateway spreads the closing of its connections (P41). The process exits within 25,000 ms.",
    ),
  READ_RECEIPTS: fields
    .flag(true)
    .describe(
      "Whether users see how far others have read their private conversations (P70, P71). Set it for gateways and history-apis alike.",
    ),
  LOG_LINES_PER_SECOND: fields
    .limit(20)
    .describe(
      "Lines with the same level and text that are logged per second; a last line says how many were left out. Lines below level `info` aren't limited. 0 removes the limit.",
    ),
  LOG_LEVEL: fields
    .logLevel()
    .describe("The lowest level to log: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`."),
};

/**
 * The variables that several processes share: name, form, default and description. A variable whose default differs
 * by app is a function of the default: `PORT: variables.PORT(8080)`. For variables about tokens see auth.ts.
 */
export const variables = { ...perApp, ...shared };

/** Picks shared variables by name, for `readEnv({ ...pick("REDIS_URL", "LOG_LEVEL") })`. */
export function pick<K extends keyof typeof shared>(...names: readonly K[]): Pick<typeof shared, K> {
  return Object.fromEntries(names.map((name) => [name, shared[name]])) as Pick<typeof shared, K>;
}

/** Refuses an origin that contains a wildcard: it would match nothing. */
function originsOf(text: string): string[] | undefined {
  const parts = listOf(text);
  const origins = parts.flatMap((part) =>
    part === "*" || LOOPBACK_ORIGINS.includes(part) ? part : part.includes("*") ? [] : (originOf(part) ?? []),
  );
  return origins.length > 0 && origins.length === parts.length ? origins : undefined;
}
