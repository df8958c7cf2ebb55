import { type AdminOptions, requestAdmin } from "../server/request-admin.ts";
import { escapeJson, escapeLine } from "../terminal/escape.ts";
import { Failure } from "../terminal/failure.ts";
import type { Io } from "../terminal/io.ts";

interface Revocation {
  readonly user: string;
  readonly issuedBefore?: string;
  readonly until?: string;
}

/** Revokes the tokens that a user has now, or had before a time (P65). Without a user, prints what is revoked. */
export async function revoke(
  user: string | undefined,
  options: AdminOptions & { readonly before?: string | undefined; readonly json: boolean },
  io: Io,
): Promise<void> {
  if (user === undefined) return list(options, io);
  const body = { user, ...(options.before !== undefined && { issuedBefore: options.before }) };
  const { issuedBefore = "" } = await post("revoke", body, options, io);
  io.note(`The tokens of ${escapeLine(user)} from before ${escapeLine(issuedBefore)} are revoked.`);
}

/** Blocks a user for a time (P65). */
export async function block(
  user: string,
  options: AdminOptions & { readonly forSeconds: number },
  io: Io,
): Promise<void> {
  const end = new Date(Date.now() + options.forSeconds * 1_000);
  const { until = "" } = await post("block", { user, until: end.toISOString() }, options, io);
  io.note(`${escapeLine(user)} is blocked until ${escapeLine(until)}.`);
}

/** Ends a block, and with `all` the revocation of tokens too. */
export async function unblock(
  user: string,
  options: AdminOptions & { readonly all: boolean },
  io: Io,
): Promise<void> {
  const query = options.all ? "" : "?only=block";
  await request(
    "unblock",
    `/revocations/${encodeURIComponent(user)}${query}`,
    { method: "DELETE" },
    options,
    io,
  );
  io.note(`${escapeLine(user)} is not blocked${options.all ? ", and no token is revoked" : ""}.`);
}

async function list(options: AdminOptions & { readonly json: boolean }, io: Io): Promise<void> {
  const answer = await request("revoke", "/revocations", { method: "GET" }, options, io);
  const { revocations = [] } = (answer ?? {}) as { revocations?: readonly Revocation[] };
  for (const one of revocations) io.print(options.json ? escapeJson(one) : lineOf(one));
}

function lineOf({ user, issuedBefore, until }: Revocation): string {
  const parts = [
    ...(issuedBefore === undefined ? [] : [`tokens from before ${issuedBefore} are revoked`]),
    ...(until === undefined ? [] : [`blocked until ${until}`]),
  ];
  return escapeLine(`${user}: ${parts.join(", ")}`);
}

async function post(command: string, body: object, options: AdminOptions, io: Io): Promise<Revocation> {
  const answer = await request(command, "/revocations", { method: "POST", body }, options, io);
  if (typeof answer !== "object" || answer === null) throw new Failure(1, "The server's answer isn't valid.");
  return answer as Revocation;
}

function request(
  command: string,
  path: string,
  what: { readonly method: "GET" | "POST" | "DELETE"; readonly body?: object },
  options: AdminOptions,
  { ended }: Io,
): Promise<unknown> {
  const whereHint = "Pass the admin port of a gateway, or of the single process of start, as --admin-url.";
  return requestAdmin(options, path, { ...what, command, whereHint, signal: ended });
}
