import { hash } from "node:crypto";
import type { Body } from "./body.ts";
import type { Draft, StoredMessage } from "./message.ts";

/** 11 characters are 66 bits. A sender who finds two contents with the same digest affects only their own refs. */
const LENGTH = 11;
/** The form of a digest. */
export const DIGEST = /^[\w-]{11}$/;
/**
 * Bytes that no text in UTF-8 contains. So the digest of a content with `meta`, or of a change, is never that of a
 * content alone that repeats their text.
 */
const BEFORE_META = Buffer.of(0xff);
const BEFORE_CHANGE = Buffer.of(0xfe);

/**
 * Tells if two messages had the same content and `meta` when they were first kept (L29). A stored message may have
 * others today, so its digest decides.
 */
export function isSameContent(a: Kept, b: Kept): boolean {
  if (a.digest === undefined && b.digest === undefined) return a.content === b.content && a.meta === b.meta;
  return digestOf(a) === digestOf(b);
}

type Kept = Pick<StoredMessage, "content" | "meta" | "digest">;

function digestOf(kept: Kept): string {
  return kept.digest ?? contentDigest(kept);
}

/** Returns the digest of a content and its `meta`. The log and the store recognize a repeated message by it (L5, L29). */
export function contentDigest({ content, meta }: Pick<Draft, "content" | "meta">): string {
  if (meta === undefined) return digest(content);
  return digest(Buffer.concat([Buffer.from(content), BEFORE_META, Buffer.from(meta)]));
}

/** Returns the digest of a change. The log recognizes a repeated change by it (L5). */
export function changeDigest(kind: string, body: Body): string {
  return digest(Buffer.concat([BEFORE_CHANGE, Buffer.from(`${kind} ${body}`)]));
}

function digest(bytes: string | Buffer): string {
  return hash("sha256", bytes, "base64url").slice(0, LENGTH);
}
