import { z } from "zod";
import { isId, ORIGIN } from "./ids.ts";
import { isUsername, USERNAME } from "./username.ts";

/**
 * The schemas of the fields in frames, requests and responses. They validate values, and the published OpenAPI and
 * AsyncAPI documents are generated from them. If a check is written as code, `meta` contains the nearest equivalent
 * in JSON Schema.
 */

/** Any text that UTF-8 can encode: no lone surrogate. */
const WELL_FORMED = "^\\P{Cs}+$";
export const MAX_REF_CHARACTERS = 64;

/** A username (P4). */
export const username = z
  .string()
  .refine(isUsername, "This isn't a valid username.")
  .meta({
    pattern: USERNAME.source,
    examples: ["alice"],
    description:
      "A username (P4): 1 to 64 letters with their marks, digits or `_ . @ + -`, in Unicode's composed form (NFC), which " +
      "the pattern doesn't check. Compared exactly, including case.",
  });

/** The recipient of a message: a username, or "" for the public room. */
export const recipient = z
  .string()
  .refine((to) => to === "" || isUsername(to))
  .meta({
    pattern: `${USERNAME.source}|^$`,
    examples: ["bob", ""],
    description: 'A username, or "" for the public room.',
  });

/** The content of a message (P12). The server's settings limit its length. */
export const content = z
  .string()
  .refine((text) => text.length > 0 && text.isWellFormed())
  .meta({
    minLength: 1,
    pattern: WELL_FORMED,
    examples: ["Hello, Bob"],
    description:
      "The text: well-formed Unicode of at most MAX_CONTENT_BYTES bytes in UTF-8, by default 8192 (P12).",
  });

/** A message's `meta` (P72). `metaFault` checks its size and depth, on the text that the client wrote. */
export const meta = z.record(z.string(), z.unknown()).meta({
  examples: [{ order: 17 }],
  description:
    "What the sender's application puts beside the content: at most 1024 bytes as JSON in UTF-8, nested at most 16 " +
    "deep. Carried as it was written (P72).",
});

/** A sender's own name for a message (P10). */
export const ref = z
  .string()
  .refine(isRef)
  .meta({
    minLength: 1,
    maxLength: MAX_REF_CHARACTERS,
    pattern: WELL_FORMED,
    examples: ["3f6c1a"],
    description: "The sender's own name for a message, unique for this sender in this conversation (P10).",
  });

/** Tells if a text is a ref. A character takes at most two UTF-16 units, so a much longer text isn't counted. */
function isRef(text: string): boolean {
  if (text === "" || text.length > 2 * MAX_REF_CHARACTERS || !text.isWellFormed()) return false;
  return [...text].length <= MAX_REF_CHARACTERS;
}

/** The form of an id, for JSON Schema. */
export const ID_PATTERN = "^\\d{13}-\\d{10}-00$";

/** The id of a message (L2). */
export const id = z
  .string()
  .refine(isId)
  .meta({
    pattern: ID_PATTERN,
    examples: ["1752674400123-0000000000-00"],
    description: "The message's position in the log. Ids sort as text in log order.",
  });

/** A cursor. It is an id today, but clients must treat it as opaque. */
export const cursor = z
  .string()
  .refine(isId)
  .meta({
    examples: [ORIGIN],
    description: "A position in the stream of everything that the user may see. Opaque.",
  });

/** The time of a message or of a token's expiry. */
export const time = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
  .meta({
    format: "date-time",
    examples: ["2025-07-16T14:00:00.123Z"],
    description: "ISO 8601 with milliseconds, UTC.",
  });

/** The wait that an error asks for before a retry. */
export const retryAfterMs = z
  .number()
  .int()
  .nonnegative()
  .meta({ description: "Time to wait before a retry, in milliseconds, if known." });
