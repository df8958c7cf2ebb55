import { isIP } from "node:net";
import { resolve } from "node:path";
import { z } from "zod";

/** setTimeout takes no longer time: it would fire at once. */
const MAX_MILLISECONDS = 2_147_483_647;

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/**
 * A field: how one variable's text becomes a value. `form` completes the sentence "NAME must be …", the only thing
 * that is ever said about a bad value: the value itself may be a secret that stands in the wrong place.
 */
export function parsed<T>(form: string, parse: (text: string) => T | undefined) {
  const error = `must be ${form}`;
  return z.string({ error }).transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: error });
    return z.NEVER;
  });
}

/** Fields by kind. What takes a default is never undefined; describe each with `.describe`. */
export const fields = {
  port: (byDefault: number) => whole(0, 65_535).default(byDefault),
  host: (byDefault: string) => parsed("a host name or an IP address", hostOf).default(byDefault),
  flag: (byDefault: boolean) => flag().default(byDefault),
  optionalFlag: () => flag().optional(),
  /** A whole number from `min` (1) to `max`. */
  count: (byDefault: number, { min = 1, max = Number.MAX_SAFE_INTEGER } = {}) =>
    whole(min, max).default(byDefault),
  /** As `count`, where 0 turns the limit off: the value is then Infinity. */
  limit: (byDefault: number | (() => number)) => {
    const field = whole(0, Number.MAX_SAFE_INTEGER).transform((n) =>
      n === 0 ? Number.POSITIVE_INFINITY : n,
    );
    return typeof byDefault === "number" ? field.default(byDefault) : field.default(byDefault);
  },
  /** At most what a timer can count, about 24 days. */
  milliseconds: (byDefault: number, { min = 0, max = MAX_MILLISECONDS } = {}) =>
    whole(min, max).default(byDefault),
  bytes: (byDefault: number, { min = 1, max = Number.MAX_SAFE_INTEGER } = {}) =>
    whole(min, max).default(byDefault),
  choice: <const T extends string>(options: readonly T[], byDefault: NoInfer<T>) =>
    parsed(`one of ${options.join(", ")}`, (text) => options.find((option) => option === text)).default(
      byDefault as never,
    ),
  /** Values between commas, or undefined. */
  list: () => parsed("values separated by commas", nonEmptyListOf).optional(),
  text: () => z.string().optional(),
  /** The absolute path; a relative one counts from the working directory. */
  directory: (byDefault: string) =>
    parsed("a path", (text) => (text.includes("\0") ? undefined : resolve(text))).prefault(byDefault),
  httpUrl: () =>
    parsed("an http:// or https:// address", (text) => urlOf(text, ["http:", "https:"])).optional(),
  redisUrl: (byDefault = "redis://localhost:6379") =>
    parsed(
      "a redis:// or rediss:// address, or redis+sentinel://host:port,host:port/name-of-the-master",
      redisUrlOf,
    ).default(byDefault),
  mongoUrl: (byDefault = "mongodb://localhost:27017") =>
    parsed("a mongodb:// or mongodb+srv:// address", mongoUrlOf).default(byDefault),
  logLevel: () => fields.choice(LOG_LEVELS, "info"),
};

function whole(min: number, max: number) {
  return parsed(`a whole number from ${shown(min)} to ${shown(max)}`, (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

function shown(value: number): string {
  return value.toLocaleString("en-US");
}

function flag() {
  return parsed("true or false", (text) => (text === "true" ? true : text === "false" ? false : undefined));
}

/** Between commas; blanks around a value and empty places are dropped. */
export function listOf(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function nonEmptyListOf(text: string): string[] | undefined {
  const list = listOf(text);
  return list.length > 0 ? list : undefined;
}

function hostOf(text: string): string | undefined {
  return isIP(text) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text) ? text : undefined;
}

function urlOf(text: string, protocols: readonly string[]): string | undefined {
  const url = URL.parse(text);
  return url && protocols.includes(url.protocol) && url.hostname !== "" ? text : undefined;
}

const SENTINEL_HOST = String.raw`(\[[\da-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?`;
const SENTINEL_LOGIN = String.raw`sentinel(Username|Password)=[^\s&#]*`;
/** Sentinels, the name of their master, perhaps a database; a login of their own as parameters. */
const SENTINEL_URL = new RegExp(
  String.raw`^rediss?\+sentinel://([^\s@/?#]*@)?${SENTINEL_HOST}(,${SENTINEL_HOST})*/[^\s/?#]+(/\d{1,5})?(\?${SENTINEL_LOGIN}(&${SENTINEL_LOGIN})*)?$`,
);

function redisUrlOf(text: string): string | undefined {
  return SENTINEL_URL.test(text) ? text : urlOf(text, ["redis:", "rediss:"]);
}

/** Several hosts are possible there, which URL cannot read. */
function mongoUrlOf(text: string): string | undefined {
  return /^mongodb(\+srv)?:\/\/[^\s/?#]+([/?]\S*)?$/.test(text) ? text : undefined;
}
