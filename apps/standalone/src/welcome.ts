import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fields, quickStart, readEnv } from "@parley/service";
import type { TokenSigning } from "./token-signing.ts";

export interface WelcomeOptions {
  readonly url: string;
  readonly adminUrl: string;
  readonly dataDir: string;
  /** Issues tokens for the examples. Without it the text has no examples. */
  readonly issue: TokenSigning["issue"];
}

/**
 * Prints a text for people once everything runs: addresses, how to stop, and example commands with tokens. Prints it to
 * standard error, because standard output has only log lines, which a program may read.
 */
export async function printWelcome(options: WelcomeOptions): Promise<void> {
  const text = isRestartOfWatch(options.dataDir)
    ? `Parley runs again on ${options.url}\n`
    : await welcome(options);
  process.stderr.write(text);
}

/**
 * Tells if `node --watch` has started this process again after a change. Then the text has been printed before. A file
 * remembers the process of `node --watch`, which starts all of them.
 */
function isRestartOfWatch(dataDir: string): boolean {
  // Node sets this variable in the processes that `--watch` starts.
  const { WATCH_REPORT_DEPENDENCIES: watched } = readEnv({ WATCH_REPORT_DEPENDENCIES: fields.text() });
  if (watched === undefined) return false;
  const path = join(dataDir, "watched-by");
  const watcher = String(process.ppid);
  if (existsSync(path) && readFileSync(path, "utf8") === watcher) return true;
  writeFileSync(path, watcher, { mode: 0o600 });
  return false;
}

async function welcome({ url, adminUrl, dataDir, issue }: WelcomeOptions): Promise<string> {
  const address = url.replace("//127.0.0.1:", "//localhost:");
  const lines = `
Parley runs on ${address}
  health and metrics  ${adminUrl}
  history             ${resolve(dataDir)}
  stop it             Ctrl-C, or: kill ${process.pid}

`;
  if (!issue) return lines;
  const [alice, bob] = await Promise.all(["alice", "bob"].map(issue));
  return `${lines}${quickStart(address, { alice: alice?.token ?? "", bob: bob?.token ?? "" })}\n`;
}
