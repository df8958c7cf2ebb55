import type { ServerResponse } from "node:http";

/**
 * Headers of every HTTP response. A browser then trusts the content type instead of guessing one from a body that users
 * wrote, and doesn't tell other sites the address of a page or a request.
 */
export const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;

/** Sets the headers of every response. Each server calls this before anything else. */
export function setSecurityHeaders(res: ServerResponse): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) res.setHeader(name, value);
}
