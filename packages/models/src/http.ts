import { z } from "zod";
import { ERROR_CODES } from "./codes.ts";
import {
  content,
  cursor,
  ID_PATTERN,
  id,
  meta,
  recipient,
  ref,
  retryAfterMs,
  time,
  username,
} from "./fields.ts";
import { clientFrames, type MetaAsText } from "./frames.ts";
import { parseTime, TIME_PATTERN } from "./times.ts";

/** The query parameters, request bodies and response bodies of the HTTP API (P50–P57, P60, P62, P63, P71, P73). */

const MAX_LIMIT = 1_000;
/** The maximum number of items in a page that is requested without `limit`. */
export const DEFAULT_LIMIT = 100;

const invalidLimit = `limit must be a whole number from 1 to ${MAX_LIMIT}.`;
/** Returns the parameter `limit`. `otherwise` says what is sent without it. */
function limit(otherwise: string) {
  return z
    .string()
    .regex(/^\d{1,4}$/, invalidLimit)
    .transform(Number)
    .pipe(z.number().int().min(1, invalidLimit).max(MAX_LIMIT, invalidLimit))
    .optional()
    .meta({ description: `Maximum number of items in a page. ${otherwise}` });
}
const HUNDRED = `The default is ${DEFAULT_LIMIT}.`;

/** Returns a query parameter for an exclusive bound of a page. */
function bound(name: "before" | "after", description: string) {
  return z
    .string()
    .refine((text) => id.safeParse(text).success, `${name} must be a message id or a cursor.`)
    .optional()
    .meta({ pattern: ID_PATTERN, examples: ["1752674400123-0000000000-00"], description });
}

/** Returns a query parameter for a time, which bounds a range as the position it stands for does (P64). */
function moment(name: "since" | "until", description: string) {
  return z
    .string()
    .refine(
      (text) => parseTime(text) !== undefined,
      `${name} must be a time such as 2025-07-16T14:00:00Z (RFC 3339). In a URL, write + as %2B.`,
    )
    .optional()
    .meta({
      format: "date-time",
      pattern: TIME_PATTERN,
      examples: ["2025-07-16T14:00:00Z", "2025-07-16T16:00:00.000+02:00"],
      description,
    });
}

/** The maximum time that a request to `/feed` may wait for entries, in seconds. */
export const MAX_WAIT_SECONDS = 25;
const invalidWait = `wait must be a whole number of seconds from 0 to ${MAX_WAIT_SECONDS}.`;

const as = username.optional().meta({
  description: "The user whose history is read. Requires a token with the scope `history:read` (P54).",
});

/** Query parameters by kind of request. Each arrives as text, which the schema parses. */
export const queries = {
  /**
   * Without `limit`, `before` and `after`, the whole conversation is requested, or all of it between `since` and `until`
   * (P50, P51, P64).
   */
  page: z
    .object({
      limit: limit(
        `The default is ${DEFAULT_LIMIT} with \`before\` or \`after\`. Without all three, everything in the range is sent.`,
      ),
      before: bound("before", "Returns the messages before this id. Cannot be combined with `after`."),
      after: bound("after", "Returns the messages after this id. Cannot be combined with `before`."),
      since: moment("since", "Returns only messages with this timestamp or a later one (P64)."),
      until: moment("until", "Returns only messages with an earlier timestamp (P64)."),
      as,
    })
    .refine(({ before, after }) => before === undefined || after === undefined, {
      error: "before and after cannot be combined.",
    }),
  message: z.object({ as }),
  deletion: z.object({ ref: ref.meta({ description: "The caller's own name for this deletion (P73)." }) }),
  sync: z.object({
    limit: limit(HUNDRED),
    after: bound(
      "after",
      "The `cursor` of the previous response. Without it, reading starts at the beginning.",
    ),
    as,
  }),
  feed: z.object({
    limit: limit(HUNDRED),
    after: bound(
      "after",
      "The `cursor` of the previous response. Without it, reading starts at the beginning.",
    ),
    since: moment("since", "Returns only entries of this time or a later one (P64)."),
    until: moment("until", "Returns only entries of an earlier time (P64)."),
    wait: z
      .string()
      .regex(/^\d{1,2}$/, invalidWait)
      .transform(Number)
      .pipe(z.number().int().min(0, invalidWait).max(MAX_WAIT_SECONDS, invalidWait))
      .optional()
      .meta({
        description:
          "Seconds that an answer without entries is held back until there is one. The default is 0.",
      }),
  }),
  conversations: z.object({
    limit: limit(HUNDRED),
    before: bound("before", "The `next` of the previous page. Without it, reading starts with the newest."),
    as,
  }),
};

const message = z
  .object({
    id,
    from: username,
    to: recipient,
    content: z.string().meta({
      examples: ["Hello, Bob"],
      description: 'The text as it is now: `""` if the message was deleted (P75).',
    }),
    meta: meta.optional(),
    timestamp: time,
    also: id.optional().meta({
      description:
        "The latest id under which this message was acknowledged, and sent live, once more after the dedupe window (P58).",
    }),
    change: id.optional().meta({
      description: "The id of the last edit or deletion. Absent if there was none (P75).",
    }),
    edited: z.literal(true).optional().meta({ description: "The last change was an edit (P75)." }),
    deleted: z.literal(true).optional().meta({ description: "The message was deleted (P75)." }),
  })
  .meta({ description: "A message as it is now." });

/** A change in a page of `/sync`. */
const change = z
  .object({
    type: z.enum(["edited", "deleted"]),
    change: id.meta({ description: "The change's own id." }),
    by: username.optional().meta({ description: "The moderator who deleted the message." }),
    timestamp: time,
    message,
  })
  .meta({ description: "A change, with its message as it is now (P75)." });

/** An entry of `/feed`: a message or a change. */
const entry = z
  .object({
    type: z.enum(["message", "edited", "deleted"]),
    id: id.meta({ description: "The entry's own id: that of the message, or that of the change." }),
    by: username.optional().meta({ description: "The moderator who deleted the message." }),
    timestamp: time.meta({ description: "The time of the entry's own id." }),
    message,
  })
  .meta({
    description:
      "A message or a change, with the message as it is now (P63). Ignore entries of other types: there will be more.",
  });

const readState = {
  unread: z.number().int().min(0).max(100).optional().meta({
    description:
      "Messages of others after `read` that aren't deleted, looked for in the newest 100 messages. 100 means that many or more. Absent after the first 100 conversations of a page (P71).",
  }),
  read: id.optional().meta({
    description: "The message up to which the caller has read. Absent if nothing is read (P71).",
  }),
};

const conversation = z.object({
  with: username,
  last: message,
  ...readState,
  readBy: id.optional().meta({
    description:
      "The message up to which the other user has read. Absent if nothing is read, or if the server doesn't tell (P71).",
  }),
});

const publicRoom = z
  .object({ ...readState, last: message.optional() })
  .meta({ description: "The public room, on the first page (P71)." });

/** The body of a request for a development token (P60). */
export const tokenRequest = z.object({ username });

/** The body of a request to send: a message frame with a `ref` (P62). */
export const sendRequest = clientFrames.message
  .extend({
    ref,
    as: username.optional().meta({
      description:
        "The user that the message is from. Requires a token with the scope `messages:send` (P62).",
    }),
  })
  .meta({ description: "A message to send (P10, P62)." });

/** The body of a request to edit a message (P73). */
export const editRequest = z
  .object({
    content,
    meta: meta.exactOptional(),
    ref,
  })
  .meta({ description: "The new content of a message (P73). Without `meta`, the message keeps its own." });

/** A decoded request to send. */
export type SendRequest = MetaAsText<z.infer<typeof sendRequest>>;

/** The response bodies, under their names in the OpenAPI document. */
export const responses = {
  Message: message,
  Messages: z.array(message).meta({ description: "Messages, oldest first." }),
  SyncPage: z
    .object({
      messages: z.array(message),
      changes: z.array(change).meta({
        description: "Edits and deletions in log order, between the same positions as the messages (P75).",
      }),
      cursor,
      more: z.boolean(),
    })
    .meta({
      description:
        "Messages and changes in log order. While `more` is true, request again with `cursor` as `after` (P53).",
    }),
  FeedPage: z.object({ entries: z.array(entry), cursor, more: z.boolean() }).meta({
    description:
      "Messages and changes of all conversations in log order. Request again with `cursor` as `after`, at once while `more` is true (P63).",
  }),
  Conversation: conversation,
  ConversationsPage: z
    .object({
      conversations: z.array(conversation),
      public: publicRoom.optional(),
      next: id.optional().meta({ description: "The `before` of the next page. Absent on the last page." }),
    })
    .meta({ description: "Conversations, newest first (P57)." }),
  Token: z.object({ token: z.string(), expiresAt: time }),
  Receipt: z.object({ id, timestamp: time }).meta({
    description: "The id and time of a message (P62) or a change (P73) that is durable.",
  }),
  Problem: z
    .object({
      type: z.literal("about:blank"),
      title: z.string(),
      status: z.number().int(),
      code: z.enum(ERROR_CODES),
      detail: z.string(),
      retryAfterMs: retryAfterMs.optional(),
      instance: z.string().optional(),
      requestId: z.string().optional(),
    })
    .meta({ description: "An error as application/problem+json (RFC 9457) with a stable `code` (P55)." }),
};
