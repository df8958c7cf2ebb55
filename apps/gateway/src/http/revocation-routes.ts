import type { IncomingMessage, ServerResponse } from "node:http";
import { AuthError, type JudgingVerifier, verifyOperator } from "@parley/auth";
import type { Revocations } from "@parley/bus";
import { ChatError, isUsername, parseTime, type Revocation } from "@parley/models";
import { assertJson, pathOf, readBody, refuseUnknownParameters, sendProblem } from "@parley/service";
import type { Observe } from "../events.ts";

const MAX_BODY_BYTES = 4_096;
const FIELDS = new Set(["user", "issuedBefore", "until"]);

export interface RevocationRoutesDeps {
  readonly revocations: Revocations;
  readonly verifier: JudgingVerifier;
  readonly observe: Observe;
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
}

type Next = (error?: unknown) => void;

/**
 * Answers the routes for revocations (P65) on an admin port, and passes other paths on. Every request needs
 * `Authorization: Bearer` with a token of scope `ops`.
 *
 * - `GET /revocations`: `{"revocations":[…]}`, ordered by user.
 * - `POST /revocations` with `{"user","issuedBefore"?,"until"?}`: revokes the tokens from before a time, blocks until a time,
 *   or both. Without either time, revokes all tokens that the user has now. 200 with what is revoked then.
 * - `DELETE /revocations/:user?only=tokens|block`: 200 with what is left.
 */
export function revocationRoutes(
  deps: RevocationRoutesDeps,
): (req: IncomingMessage, res: ServerResponse, next: Next) => void {
  return (req, res, next) => {
    const path = pathOf(req);
    if (path !== "/revocations" && !path.startsWith("/revocations/")) return next();
    answer(path, req, deps).then(
      (body) => sendJson(res, body),
      (error: unknown) => {
        const problem = problemOf(error);
        if (problem) sendProblem(res, problem);
        else next(error);
      },
    );
  };
}

async function answer(path: string, req: IncomingMessage, deps: RevocationRoutesDeps): Promise<unknown> {
  const { revocations, verifier, observe } = deps;
  const by = await verifyOperator(verifier, req);
  if (by === undefined) throw new ChatError("forbidden");
  const query = new URL(req.url ?? "", "http://localhost").searchParams;
  if (path !== "/revocations") {
    if (req.method !== "DELETE") throw new ChatError("method_not_allowed");
    refuseUnknownParameters(req.url ?? "", ["only"]);
    const user = userIn(path);
    const left = await revocations.allow(user, kindsOf(query.getAll("only")));
    observe({ type: "allowed-again", by, user });
    return shown({ user, ...left });
  }
  refuseUnknownParameters(req.url ?? "", []);
  if (req.method === "GET") return { revocations: (await revocations.list()).map(shown) };
  if (req.method !== "POST") throw new ChatError("method_not_allowed");
  assertJson(req);
  const revocation = revocationIn(await readBody(req, MAX_BODY_BYTES), (deps.now ?? Date.now)());
  const revoked = await revocations.revoke(revocation);
  observe({ type: "revoked", by, ...revocation });
  return shown({ ...revocation, ...revoked });
}

function userIn(path: string): string {
  const user = decode(path.slice("/revocations/".length));
  if (user === undefined || !isUsername(user)) throw new ChatError("invalid_username");
  return user;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function kindsOf(only: readonly string[]): readonly ("tokens" | "user")[] {
  const [what] = only;
  if (what === undefined) return ["tokens", "user"];
  if (only.length === 1 && what === "tokens") return ["tokens"];
  if (only.length === 1 && what === "block") return ["user"];
  throw invalid("only must be tokens or block.");
}

function revocationIn(text: string, now: number): Revocation {
  const body = objectIn(text);
  const { user } = body;
  if (typeof user !== "string" || !isUsername(user)) throw new ChatError("invalid_username");
  if (Object.keys(body).some((name) => !FIELDS.has(name)))
    throw invalid("Only the fields user, issuedBefore and until exist here.");
  const until = timeIn(body, "until");
  if (until !== undefined && until <= now) throw invalid("until must be later than now.");
  const issuedBefore = timeIn(body, "issuedBefore") ?? (until === undefined ? now : undefined);
  if (issuedBefore !== undefined && issuedBefore > now)
    throw invalid("issuedBefore must not be later than now. Leave it out to revoke all tokens of now.");
  return { user, ...(issuedBefore !== undefined && { issuedBefore }), ...(until !== undefined && { until }) };
}

function objectIn(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ChatError("invalid_json");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid("The body must be a JSON object.");
  return value as Record<string, unknown>;
}

function timeIn(body: Record<string, unknown>, name: string): number | undefined {
  const text = body[name];
  if (text === undefined) return undefined;
  const time = typeof text === "string" ? parseTime(text) : undefined;
  if (time === undefined || time <= 0)
    throw invalid(`${name} must be a time with an offset, such as 2025-07-16T14:00:00Z.`);
  return time;
}

function invalid(message: string): ChatError {
  return new ChatError("invalid_parameter", { message });
}

/** Returns a revocation with its times as texts. */
function shown({ user, issuedBefore, until }: Revocation): Record<string, string> {
  return {
    user,
    ...(issuedBefore !== undefined && { issuedBefore: new Date(issuedBefore).toISOString() }),
    ...(until !== undefined && { until: new Date(until).toISOString() }),
  };
}

function problemOf(error: unknown): ChatError | undefined {
  if (error instanceof AuthError) return new ChatError(error.code, { retryAfterMs: error.retryAfterMs });
  return error instanceof ChatError ? error : undefined;
}

function sendJson(res: ServerResponse, body: unknown): void {
  res.setHeader("content-type", "application/json");
  res.end(JSON.stringify(body));
}
