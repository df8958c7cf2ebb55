/**
 * The maximum size of a page, in estimated bytes. It has room for 100 messages with the longest content that is
 * allowed by default. A page with a larger `limit` may end early, and the client continues from its end.
 */
export const MAX_PAGE_BYTES = 2 * 1_048_576;

/** Maximum size of one part of a whole conversation. Only one part of a response is in memory at a time. */
export const PART = { limit: 500, maxBytes: 65_536 };
/** Messages in the first part. Each part tells how many messages to ask for in the next one. */
export const FIRST_PART = 50;
