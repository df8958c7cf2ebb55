import type { IncomingMessage, ServerResponse } from "node:http";
import { ChatError, tokenRequest } from "@parley/models";
import { isLoopback } from "@parley/service";

/** Gives out a token for a username; `expiresAt` in ms since 1970. */
export type IssueToken = (user: string) => Promise<{ readonly token: string; readonly expiresAt: number }>;

const MAX_BODY_BYTES = 1_024;

/**
 * P60: a token for whoever asks, for a first try. Only for this machine: the Host header must be a loopback name,
 * since a page anywhere can have its own name lead to 127.0.0.1; and the body must be declared JSON, which no form
 * can do. Resolves with the user; rejects with the ChatError that is the answer.
 */
export async function giveToken(
  req: IncomingMessage,
  res: ServerResponse,
  issue: IssueToken,
): Promise<string> {
  if (!isLoopback(hostnameOf(req.headers.host)))
    throw new ChatError("forbidden", { message: "Such tokens are for this machine alone: ask localhost." });
  if (!isJson(req.headers["content-type"])) throw new ChatError("unsupported_media_type");
  const user = usernameIn(await readBody(req));
  const { token, expiresAt } = await issue(user);
  const body = JSON.stringify({ token, expiresAt: new Date(expiresAt).toISOString() });
  res.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" }).end(body);
  return user;
}

function hostnameOf(host: string | undefined): string {
  return URL.parse(`http://${host ?? ""}`)?.hostname ?? "";
}

function isJson(contentType: string | undefined): boolean {
  return contentType?.split(";")[0]?.trim().toLowerCase() === "application/json";
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new ChatError("payload_too_large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function usernameIn(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ChatError("invalid_json");
  }
  const { data } = tokenRequest.safeParse(value);
  if (!data) throw new ChatError("invalid_username");
  return data.username;
}
