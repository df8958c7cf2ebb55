import { resolve } from "node:path";
import { quickStart } from "@parley/service";
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
  process.stderr.write(await welcome(options));
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
