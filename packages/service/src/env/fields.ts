import { isIP } from "node:net";
import { resolve } from "node:path";
import { z } from "zod";

/** The longest delay that `setTimeout` supports: a longer one would fire at once. */
const MAX_MILLISECONDS = 2_147_483_647;

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/**
 * A field that turns a variable's text into a value with `parse`, which returns undefined for bad text. `requirement`
 * completes the sentence "NAME must be …". The error never shows the value, which may be a misplaced secret.
 */
export function parsed<T>(requirement: string, parse: (text: string) => T | undefined) {
  const error = `must be ${requirement}`;
  return z.string({ error }).transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: error });
    return z.NEVER;
  });
}

/**
 * Marks a field whose value is or contains a secret. `readEnv` then also reads the value from a file, which the
 * variable with the suffix `_FILE` names.
 */
export function secret<Field extends z.ZodType>(field: Field): Field {
  return field.meta({ isSecret: true });
}

/** Tells if a field is marked as a secret. */
export function isSecret(field: z.ZodType): boolean {
  return field.meta()?.isSecret === true;
}

/** Fields by kind. A field with a default is never undefined. Add a description to each with `.describe`. */
export const fields = {
  port: (defaultValue: number) => wholeNumber(0, 65_535).default(defaultValue),
  host: (defaultValue: string) => parsed("a host name or an IP address", hostOf).default(defaultValue),
  optionalHost: () => parsed("a host name or an IP address", hostOf).optional(),
  flag: (defaultValue: boolean) => flag().default(defaultValue),
  optionalFlag: () => flag().optional(),
  /** A whole number from `min` (default 1) to `max`. */
  count: (defaultValue: number, { min = 1, max = Number.MAX_SAFE_INTEGER } = {}) =>
    wholeNumber(min, max).default(defaultValue),
  optionalCount: ({ min = 1, max = Number.MAX_SAFE_INTEGER } = {}) => wholeNumber(min, max).optional(),
  /**
   * A whole number; 0 removes the limit and becomes Infinity. If the default is a function, it is called whenever the
   * default is used.
   */
  limit: (defaultValue: number | (() => number)) =>
    typeof defaultValue === "number" ? limit().default(defaultValue) : limit().default(defaultValue),
  optionalLimit: () => limit().optional(),
  /** A time in ms, at most about 24 days: the longest that a timer supports. */
  milliseconds: (defaultValue: number, { min = 0, max = MAX_MILLISECONDS } = {}) =>
    wholeNumber(min, max).default(defaultValue),
  bytes: (defaultValue: number, { min = 1, max = Number.MAX_SAFE_INTEGER } = {}) =>
    wholeNumber(min, max).default(defaultValue),
  choice: <const T extends string>(options: readonly T[], defaultValue: NoInfer<T>) =>
    parsed(`one of ${options.join(", ")}`, (text) => options.find((option) => option === text)).default(
      defaultValue as never,
    ),
  /** A comma-separated list, or undefined. */
  list: () => parsed("values separated by commas", nonEmptyListOf).optional(),
  text: () => z.string().optional(),
  secretText: () => secret(z.string().optional()),
  /** An absolute path. A relative one is resolved against the working directory. */
  directory: (defaultValue: string) =>
    parsed("a path", (text) => (text.includes("\0") ? undefined : resolve(text))).prefault(defaultValue),
  httpUrl: () => parsed("an http:// or https:// URL", (text) => urlOf(text, ["http:", "https:"])).optional(),
  redisUrl: (defaultValue = "redis://localhost:6379") =>
    secret(
      parsed(
        "a redis:// or rediss:// URL, or redis+sentinel://host:port,host:port/name-of-the-master",
        redisUrlOf,
      ).default(defaultValue),
    ),
  mongoUrl: (defaultValue = "mongodb://localhost:27017") =>
    secret(parsed("a mongodb:// or mongodb+srv:// URL", mongoUrlOf).default(defaultValue)),
  logLevel: () => fields.choice(LOG_LEVELS, "info"),
};

function wholeNumber(min: number, max: number) {
  return parsed(`a whole number from ${formatNumber(min)} to ${formatNumber(max)}`, (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

function limit() {
  return wholeNumber(0, Number.MAX_SAFE_INTEGER).transform((n) => (n === 0 ? Number.POSITIVE_INFINITY : n));
}

/** Separates thousands by commas. `toLocaleString` would load the data of a language when a process starts. */
function formatNumber(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

function flag() {
  return parsed("true or false", (text) => (text === "true" ? true : text === "false" ? false : undefined));
}

/** Splits text at commas. Removes blanks around each value, and drops empty values. */
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
/**
 * Matches a URL with Sentinels, the master's name and an optional database number. The login for the Sentinels
 * themselves is given as parameters.
 */
const SENTINEL_URL = new RegExp(
  String.raw`^rediss?\+sentinel://([^\s@/?#]*@)?${SENTINEL_HOST}(,${SENTINEL_HOST})*/[^\s/?#]+(/\d{1,5})?(\?${SENTINEL_LOGIN}(&${SENTINEL_LOGIN})*)?$`,
);

function redisUrlOf(text: string): string | undefined {
  return SENTINEL_URL.test(text) ? text : urlOf(text, ["redis:", "rediss:"]);
}

/** Checked by a pattern because `URL` cannot parse several hosts. */
function mongoUrlOf(text: string): string | undefined {
  return /^mongodb(\+srv)?:\/\/[^\s/?#]+([/?]\S*)?$/.test(text) ? text : undefined;
}
