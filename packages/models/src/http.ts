import { z } from "zod";
import { ERRORS, type ErrorCode } from "./codes.ts";
import { content, cursor, id, recipient, retryAfterMs, time, username } from "./fields.ts";

/** What HTTP asks with and answers with (P50–P57, P60). */

const MAX_LIMIT = 1_000;
/** Where a page is asked for without saying how long it may be. */
export const DEFAULT_LIMIT = 100;

const notALimit = `limit must be a whole number from 1 to ${MAX_LIMIT}.`;
const limit = z
  .string()
  .regex(/^\d{1,4}$/, notALimit)
  .transform(Number)
  .pipe(z.number().int().min(1, notALimit).max(MAX_LIMIT, notALimit))
  .optional()
  .meta({ description: `How many at most; ${DEFAULT_LIMIT} where it is not said.` });

/** An exclusive bound of a page. */
function bound(name: "before" | "after", description: string) {
  return z
    .string()
    .refine((text) => id.safeParse(text).success, `${name} must be the id of a message, or a cursor.`)
    .optional()
    .meta({ description });
}

const as = username
  .optional()
  .meta({ description: "Whose history to read. Only for tokens with the scope `history:read` (P54)." });

/** Query parameters, each of them text: what is read is what the schema makes of it. */
export const queries = {
  /** Without any of the first three the whole conversation is meant (P50, P51). */
  page: z
    .object({
      limit,
      before: bound("before", "The page of messages before this id. Not together with `after`."),
      after: bound("after", "The page of messages after this id."),
      as,
    })
    .refine(({ before, after }) => before === undefined || after === undefined, {
      error: "before and after exclude each other.",
    }),
  sync: z.object({
    limit,
    after: bound("after", "The cursor of the last answer. From the beginning where there is none."),
    as,
  }),
  conversations: z.object({ limit, before: bound("before", "The `next` of the page before."), as }),
};

const message = z
  .object({ id, from: username, to: recipient, content, timestamp: time })
  .meta({ description: "A message, as everybody sees it." });

const conversation = z.object({ with: username, last: message });

/** P60. */
export const tokenRequest = z.object({ username });

/** What is answered with, by the names that the documents give it. */
export const answers = {
  Message: message,
  Messages: z.array(message).meta({ description: "Oldest first." }),
  SyncPage: z.object({ messages: z.array(message), cursor, more: z.boolean() }).meta({
    description: "In log order. Ask again with `cursor` as `after` while `more` is true (P53).",
  }),
  Conversation: conversation,
  ConversationsPage: z
    .object({
      conversations: z.array(conversation),
      next: id.optional().meta({ description: "The `before` of the next page. Without it there is none." }),
    })
    .meta({ description: "Newest first (P57)." }),
  Token: z.object({ token: z.string(), expiresAt: time }),
  Problem: z
    .object({
      type: z.literal("about:blank"),
      title: z.string(),
      status: z.number().int(),
      code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
      detail: z.string(),
      retryAfterMs: retryAfterMs.optional(),
      instance: z.string().optional(),
      requestId: z.string().optional(),
    })
    .meta({ description: "application/problem+json (RFC 9457) with a stable `code` (P55)." }),
};
