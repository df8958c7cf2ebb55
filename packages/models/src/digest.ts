import { hash } from "node:crypto";

/** 11 characters are 66 bits. A sender who finds two contents with the same digest affects only their own refs. */
const LENGTH = 11;

/** Returns the digest of a content. The log and the store recognize a repeated message by it (L5, L29). */
export function contentDigest(content: string): string {
  return hash("sha256", content, "base64url").slice(0, LENGTH);
}
