import { resolve } from "node:path";
import { quickStart } from "@parley/service";
import type { Signing } from "./token-signing.ts";

export interface Running {
  readonly url: string;
  readonly adminUrl: string;
  readonly dataDir: string;
  readonly issue: Signing["issue"];
}

/** What a person sees when everything runs. */
export async function welcome({ url, adminUrl, dataDir, issue }: Running): Promise<string> {
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
