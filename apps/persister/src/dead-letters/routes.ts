import { AuthError, type Verifier, verifyOperator } from "@parley/auth";
import type { DeadLetters } from "@parley/bus";
import { ChatError } from "@parley/models";
import { sendProblem } from "@parley/service";
import { type ErrorRequestHandler, type RequestHandler, type Response, Router } from "express";
import { isUnavailable } from "../errors.ts";
import type { DeadLetterDecision } from "../events.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const RETRY_AFTER_MS = 1_000;
/** The ids of dead letters. The log defines their form, so this accepts any short name that can't contain a path. */
const ID = /^[\w-]{1,64}$/;

/**
 * Routes for operators to list, replay and drop dead letters (L10). Served on the admin port. Every request needs
 * `Authorization: Bearer` with a token of scope `ops`, because a dead letter may contain a person's message.
 *
 * - `GET /dead-letters?after=&limit=`: `{"deadLetters":[…]}`, oldest first; `limit` 1 to 1000, 100 by default.
 * - `POST /dead-letters/:id/replay`: 204 if the entry was appended again; 400 `invalid_message` if it still can't be
 *   decoded; 409 `not_enabled` if the log's format has no such entries (L25).
 * - `DELETE /dead-letters/:id`: 204 if the entry was dropped.
 */
export function deadLetterRoutes(
  letters: DeadLetters,
  verifier: Verifier,
  observe: (event: DeadLetterDecision) => void,
): Router {
  const router = Router();
  router.use("/dead-letters", requireOperator(verifier));
  router.get("/dead-letters", async (req, res) => {
    const query = new URL(req.originalUrl, "http://localhost").searchParams;
    res.json({ deadLetters: await letters.list({ ...afterOf(query), limit: limitOf(query) }) });
  });
  router.post("/dead-letters/:id/replay", async (req, res) => {
    const id = idOf(req.params.id);
    const outcome = await letters.replay(id);
    if (outcome === "not_found") throw new ChatError("not_found");
    if (outcome === "not_enabled") throw new ChatError("not_enabled");
    if (outcome === "undecodable")
      throw new ChatError("invalid_message", {
        message: "This entry still can't be decoded, so it stays in the dead letters.",
      });
    observe({ type: "dead-letter-decided", id, decision: outcome, by: operatorOf(res) });
    res.status(204).end();
  });
  router.delete("/dead-letters/:id", async (req, res) => {
    const id = idOf(req.params.id);
    const outcome = await letters.drop(id);
    if (outcome === "not_found") throw new ChatError("not_found");
    observe({ type: "dead-letter-decided", id, decision: outcome, by: operatorOf(res) });
    res.status(204).end();
  });
  router.use("/dead-letters", handleError);
  return router;
}

function requireOperator(verifier: Verifier): RequestHandler {
  return async (req, res, next) => {
    const operator = await verifyOperator(verifier, req);
    if (operator === undefined) throw new ChatError("forbidden");
    res.locals.operator = operator;
    next();
  };
}

function operatorOf(res: Response): string {
  return String(res.locals.operator);
}

function idOf(text: string): string {
  if (!ID.test(text)) throw new ChatError("not_found");
  return text;
}

function afterOf(query: URLSearchParams): { after?: string } {
  const after = singleValue(query, "after");
  if (after === undefined) return {};
  if (!ID.test(after)) throw invalid("after", "the id of a dead letter");
  return { after };
}

function limitOf(query: URLSearchParams): number {
  const text = singleValue(query, "limit") ?? String(DEFAULT_LIMIT);
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw invalid("limit", `a number from 1 to ${MAX_LIMIT}`);
  return limit;
}

function singleValue(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) throw invalid(name, "given once");
  return values[0];
}

function invalid(name: string, form: string): ChatError {
  return new ChatError("invalid_parameter", { message: `${name} must be ${form}.` });
}

/**
 * Answers a bad token and an unavailable log. Leaves all other errors to the admin app. Express recognizes an error
 * handler by its four parameters.
 */
const handleError: ErrorRequestHandler = (error, _req, res, next) => {
  if (error instanceof AuthError) {
    const { code, retryAfterMs } = error;
    sendProblem(res, new ChatError(code, { retryAfterMs }));
  } else if (isUnavailable(error))
    sendProblem(res, new ChatError("unavailable", { retryAfterMs: RETRY_AFTER_MS }));
  else next(error);
};
