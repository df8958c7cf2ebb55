import { readEnv } from "@parley/service/env";
import { type Command, InvalidArgumentError } from "commander";
import { cliEnv, DEFAULT_ADMIN_URL, DEFAULT_URL } from "./env.ts";
import { parseDuration } from "./parse-duration.ts";
import type { ServerOptions } from "./server/connect-client.ts";
import type { AdminOptions } from "./server/request-admin.ts";
import { usageError } from "./terminal/failure.ts";

export interface ServerFlags {
  readonly url?: string;
  readonly historyUrl?: string;
  readonly token?: string;
  readonly as?: string;
  readonly timeout: number;
}

export interface AdminFlags {
  readonly adminUrl?: string;
  readonly token?: string;
}

/** The flags of `send`, `edit` and `delete`. */
export interface ChangeFlags {
  readonly ref?: string;
  readonly meta?: string;
  readonly json: boolean;
}

export interface TailFlags {
  readonly json: boolean;
  readonly changes: boolean;
  readonly from?: string;
  readonly cursorFile?: string;
}

export interface FeedFlags {
  readonly follow: boolean;
  readonly after?: string;
  readonly since?: string;
  readonly until?: string;
}

export interface HistoryFlags {
  readonly json: boolean;
  readonly limit?: number;
  readonly before?: string;
  readonly since?: string;
  readonly until?: string;
}

export interface ConversationsFlags {
  readonly json: boolean;
  readonly limit?: number;
  readonly unread: boolean;
}

export interface ProbeFlags {
  readonly peer?: string;
  readonly once: boolean;
  readonly every: number;
  readonly port?: number;
  readonly host: string;
  readonly json: boolean;
}

export function addServerFlags(command: Command): Command {
  return command
    .option("--url <url>", `the server's address (or PARLEY_URL; default ${DEFAULT_URL})`)
    .option("--history-url <url>", "the history-api's address, if it is another one (or PARLEY_HISTORY_URL)")
    .option("--as <user>", "the user, if the server is a development server that gives out tokens")
    .option(
      "--token <token>",
      "the user's token; prefer PARLEY_TOKEN, which other users of the machine cannot see",
    )
    .option("--timeout <duration>", "the time that connecting, and each send, may take", seconds, 10);
}

export function addChangeFlags(command: Command): Command {
  return addServerFlags(command)
    .option("--ref <ref>", "a name for the change: repeating the command changes nothing twice")
    .option("--json", "print the change's id and timestamp as one line of JSON", false);
}

export function serverOptions(flags: ServerFlags): ServerOptions {
  if (flags.token !== undefined && flags.as !== undefined)
    throw usageError("--token and --as cannot be combined: pass one of them");
  const env = readEnv(cliEnv);
  return {
    url: flags.url ?? env.PARLEY_URL ?? DEFAULT_URL,
    historyUrl: flags.historyUrl ?? env.PARLEY_HISTORY_URL,
    as: flags.as,
    token: flags.as === undefined ? (flags.token ?? env.PARLEY_TOKEN) : undefined,
    timeoutMs: flags.timeout * 1000,
  };
}

export function addAdminFlags(
  command: Command,
  what = "a persister",
  defaultUrl = DEFAULT_ADMIN_URL,
): Command {
  return command
    .option("--admin-url <url>", `${what}'s admin port (or PARLEY_ADMIN_URL; default ${defaultUrl})`)
    .option(
      "--token <token>",
      "a token with the scope ops; prefer PARLEY_TOKEN, which other users of the machine cannot see",
    );
}

export function adminOptions(flags: AdminFlags, defaultUrl = DEFAULT_ADMIN_URL): AdminOptions {
  const env = readEnv(cliEnv);
  return {
    adminUrl: flags.adminUrl ?? env.PARLEY_ADMIN_URL ?? defaultUrl,
    token: flags.token ?? env.PARLEY_TOKEN,
  };
}

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It must be a whole number above 0.");
  return Number(text);
}

export function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
  return Number(text);
}

export function seconds(text: string): number {
  const value = parseDuration(text);
  if (value === undefined)
    throw new InvalidArgumentError("It must be a duration such as 90s, 15m, 1h or 7d.");
  return value;
}

export function shape(text: string): "standalone" | "split" {
  if (text === "standalone" || text === "split") return text;
  throw new InvalidArgumentError("It must be standalone or split.");
}
