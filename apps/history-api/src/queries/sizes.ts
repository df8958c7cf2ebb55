/**
 * The maximum size of a page, in estimated bytes. A page of 100 messages with the longest content that is allowed by
 * default fits. A page with a larger `limit` ends early, and its reader continues from its end.
 */
export const MAX_PAGE_BYTES = 2 * 1_048_576;

/** The messages of a whole conversation that are in memory at a time. */
export const PART = { limit: 500, maxBytes: 262_144 };
