import { ParleyError } from "../errors.ts";
import { isWellFormed, type Meta } from "../wire.ts";

/** A larger frame would end the connection, and every later connection on which it is sent again (P12). */
const MAX_FRAME_BYTES = 64 * 1024;
const MAX_REF_LENGTH = 64;

/** Encodes the fields of a message or an edit. Returns an error if `meta` isn't a JSON object. */
export function encodeFields(
  fields: { readonly to?: string; readonly content: string; readonly ref: string },
  meta: Meta | undefined,
): string | ParleyError {
  const isObject = typeof meta === "object" && meta !== null && !Array.isArray(meta);
  if (meta !== undefined && !isObject) return invalidMeta();
  try {
    return JSON.stringify({ ...fields, meta });
  } catch (cause) {
    return invalidMeta(cause);
  }
}

function invalidMeta(cause?: unknown): ParleyError {
  return new ParleyError("invalid_message", "meta must be a JSON object.", { cause });
}

/**
 * Returns an error if the server's answer to this message couldn't name its ref. Without the ref, the send would wait
 * for its deadline. The server checks everything else.
 */
export function validate(to: string, content: string, ref: string, frame: string): ParleyError | undefined {
  // JSON drops a `to` that is undefined. The server would then send the message to the public room.
  if (typeof to !== "string" || typeof content !== "string" || typeof ref !== "string") {
    return new ParleyError("invalid_message", "send: to, content and ref must be strings.");
  }
  if (ref === "" || [...ref].length > MAX_REF_LENGTH || !isWellFormed(ref)) {
    return new ParleyError("invalid_message", `send: ref must have 1 to ${MAX_REF_LENGTH} characters.`);
  }
  if (frame.length * 3 > MAX_FRAME_BYTES && new TextEncoder().encode(frame).length > MAX_FRAME_BYTES) {
    return new ParleyError("content_too_long", "send: content is larger than one frame (64 KiB).");
  }
  return undefined;
}

/** Returns a random ref. `crypto.randomUUID` isn't available in pages that are served without TLS. */
export function randomRef(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
