import { MAX_FRAME_BYTES } from "@parley/models";
import { TrustedProxies } from "../http/address.ts";
import { originOf } from "../http/origins.ts";
import { fields, listOf, parsed } from "./fields.ts";
import { connectionsAllowed } from "./open-files.ts";

/** What a frame needs around the content that it carries. */
const FRAME_ROOM = 1_024;

/** Their default is the app's own. */
const perApp = {
  PORT: (byDefault: number) =>
    fields.port(byDefault).describe("The port that clients connect to. 0 takes any free one."),
  ADMIN_PORT: (byDefault: number) =>
    fields
      .port(byDefault)
      .describe(
        "The port of `/healthz`, `/readyz` and `/metrics`, for operators alone; a persister's also has `/dead-letters`. 0 takes any free one.",
      ),
  HOST: (byDefault: string) =>
    fields.host(byDefault).describe("The address of this machine that both ports are opened on."),
  DATA_DIR: (byDefault: string) =>
    fields.directory(byDefault).meta({
      description:
        "Where history, and a secret for tokens where none is given, are kept. `start:split` and `parley token` read it too.",
      defaultInWords: byDefault,
    }),
};

const shared = {
  REDIS_URL: fields
    .redisUrl()
    .describe(
      "The Redis that holds the log. `rediss://` for TLS; `redis+sentinel://` for a master behind Sentinel, see below.",
    ),
  MONGO_URL: fields
    .mongoUrl()
    .describe("The MongoDB that keeps history. Its database is the URL's, or `parley`."),

  ALLOWED_ORIGINS: parsed("origins such as https://chat.example.com, separated by commas, or *", originsOf)
    .optional()
    .meta({
      description:
        "Where pages may come from whose scripts connect here, over WebSocket and HTTP alike, separated by commas; `*` for anywhere. The list replaces the default, so it names this server's own origin too, if pages come from there. What sends no `Origin` is no page, and is not asked.",
      defaultInWords: "the same origin",
    }),
  TRUST_PROXY: parsed("addresses or networks such as 10.0.0.0/8, separated by commas", TrustedProxies.parse)
    .default(TrustedProxies.none)
    .meta({
      description:
        "Addresses or networks (CIDR) of the proxies whose `X-Forwarded-For` is believed, separated by commas.",
      defaultInWords: "none: a forwarded address is ignored",
    }),

  RATE_LIMIT: fields
    .limit(50)
    .describe(
      "Frames a second that one user may send, over all connections to this gateway, in bursts of four times as many (P32). 0 turns the limit off.",
    ),
  MAX_CONNECTIONS_PER_USER: fields
    .limit(20)
    .describe("Connections that one user may hold to one gateway. 0 turns the limit off."),
  MAX_CONNECTIONS_PER_ADDRESS: fields
    .limit(1_000)
    .describe(
      "Connections that one client address (of IPv6: one /64 network) may hold to one gateway. 0 turns the limit off.",
    ),
  MAX_CONNECTIONS: fields.limit(connectionsAllowed).meta({
    description: "Connections that one gateway holds. 0 turns the limit off.",
    defaultInWords: "what the process's open-file limit allows, less a reserve",
  }),
  MAX_CONTENT_BYTES: fields
    .bytes(8_192, { max: MAX_FRAME_BYTES - FRAME_ROOM })
    .describe(
      `How long a message's content may be, in bytes of UTF-8; at most ${MAX_FRAME_BYTES - FRAME_ROOM}. A frame, escapes included, is at most ${MAX_FRAME_BYTES}.`,
    ),

  DEDUPE_WINDOW_MS: fields
    .milliseconds(600_000, { min: 1_000 })
    .describe("How long the same `ref` is known for the same message (P10, L5)."),
  DEDUPE_MAX_REFS: fields
    .count(10_000_000)
    .describe("How many refs are known at the same time at most; then a new one gets `backlog_full` (L5)."),
  BACKLOG_MAX_ENTRIES: fields
    .count(200_000)
    .describe("Messages that may wait in the log to be stored; then senders get `backlog_full` (L7)."),
  BACKLOG_MAX_BYTES: fields
    .bytes(268_435_456)
    .describe(
      "The same in bytes. A persister lets stored messages go before their time where they take more.",
    ),
  DURABILITY: fields
    .choice(["local", "replicated"], "local")
    .describe(
      "What an ack stands for: `local`, the message is on the disk of the Redis that took it; `replicated`, a replica has it too, so that it outlives a failover (L9).",
    ),
  ALLOW_WEAK_DURABILITY: fields
    .flag(false)
    .describe(
      "Whether to run on a Redis that may lose what it has confirmed: without an append-only file synced at every write, or with an eviction policy. Not ready otherwise (L8).",
    ),
  REUSE_PORT: fields
    .flag(false)
    .describe(
      "Whether several gateways of one machine share one `PORT`, for more than one core (Linux). Standalone refuses `true`: one process has the embedded engines, so there is nobody to share with.",
    ),
  DRAIN_MS: fields
    .milliseconds(20_000, { max: 24_000 })
    .describe(
      "Over how long at most a stopping gateway spreads the end of its connections (P41). The process ends within 25,000.",
    ),
  LOG_LEVEL: fields
    .logLevel()
    .describe(
      "The least grave lines to write: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`.",
    ),
};

/**
 * The one place of the variables that processes share: name, form, default and meaning. Those whose default is the
 * app's own are functions of it: `PORT: variables.PORT(8080)`. Variables about tokens are a group: see auth.ts.
 */
export const variables = { ...perApp, ...shared };

/** The variables of these names, for `readEnv({ ...pick("REDIS_URL", "LOG_LEVEL") })`. */
export function pick<K extends keyof typeof shared>(...names: readonly K[]): Pick<typeof shared, K> {
  return Object.fromEntries(names.map((name) => [name, shared[name]])) as Pick<typeof shared, K>;
}

/** A wildcard within an origin would match nothing, so it is refused. */
function originsOf(text: string): string[] | undefined {
  const parts = listOf(text);
  const origins = parts.flatMap((part) =>
    part === "*" ? part : part.includes("*") ? [] : (originOf(part) ?? []),
  );
  return origins.length > 0 && origins.length === parts.length ? origins : undefined;
}
