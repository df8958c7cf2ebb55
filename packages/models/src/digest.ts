import { hash } from "node:crypto";
import type { StoredMessage } from "./message.ts";

/** 11 characters are 66 bits. A sender who finds two contents with the same digest affects only their own refs. */
const LENGTH = 11;

/**
 * Tells if two messages had the same content when they were first kept (L29). A stored message may have another content
 * today, so its digest decides.
 */
export function isSameContent(a: Kept, b: Kept): boolean {
  if (a.digest === undefined && b.digest === undefined) return a.content === b.content;
  return digestOf(a) === digestOf(b);
}

type Kept = Pick<StoredMessage, "content" | "digest">;

function digestOf({ content, digest }: Kept): string {
  return digest ?? contentDigest(content);
}

/** Returns the digest of a content. The log and the store recognize a repeated message by it (L5, L29). */
export function contentDigest(content: string): string {
  return hash("sha256", content, "base64url").slice(0, LENGTH);
}
