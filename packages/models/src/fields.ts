import { z } from "zod";
import { isId, ORIGIN } from "./ids.ts";
import { isUsername, USERNAME } from "./username.ts";

/**
 * What frames, requests and answers are made of. These validate, and the published documents are made from them: what
 * a check says in code alone stands in `meta` as JSON Schema says it, as nearly as it can.
 */

const asUsername = { pattern: USERNAME.source, examples: ["alice"] };

/** P4. */
export const username = z
  .string()
  .refine(isUsername, "This is not a username.")
  .meta({ ...asUsername, description: "A username (P4), in Unicode's composed form, compared exactly." });

/** Of a message: a username, or "" for the public room. */
export const recipient = z
  .string()
  .refine((to) => to === "" || isUsername(to))
  .meta({
    pattern: `${USERNAME.source}|^$`,
    examples: ["bob", ""],
    description: 'A username, or "" for the public room.',
  });

/** P12; how long it may be is for the server's settings to say. */
export const content = z
  .string()
  .refine((text) => text.length > 0 && text.isWellFormed())
  .meta({
    minLength: 1,
    examples: ["Hello, Bob"],
    description:
      "Well-formed Unicode of at most MAX_CONTENT_BYTES in UTF-8, 8192 unless set otherwise (P12).",
  });

/** P10. */
export const ref = z
  .string()
  .refine((text) => text.isWellFormed() && text.length > 0 && [...text].length <= 64)
  .meta({
    minLength: 1,
    maxLength: 64,
    examples: ["3f6c1a"],
    description: "The sender's own name for a message, unique for this sender in this conversation.",
  });

export const id = z
  .string()
  .refine(isId)
  .meta({
    pattern: "^\\d{13}-\\d{10}-00$",
    examples: ["1752674400123-0000000000-00"],
    description: "A message's place in the log. Comparing two ids as text compares their places.",
  });

/** Today an id; clients take none apart. */
export const cursor = z
  .string()
  .refine(isId)
  .meta({ examples: [ORIGIN], description: "A place in the stream of everything one may see. Opaque." });

export const time = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
  .meta({
    format: "date-time",
    examples: ["2025-07-16T14:00:00.123Z"],
    description: "ISO 8601 with milliseconds, UTC.",
  });

export const retryAfterMs = z
  .number()
  .int()
  .nonnegative()
  .meta({ description: "When to try again, in milliseconds, where that is known." });
