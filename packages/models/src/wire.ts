import { type ChatError, ERRORS, type ErrorCode } from "./codes.ts";
import { ref as refSchema } from "./fields.ts";
import { type ClientFrame, clientFrames, type ServerFrame } from "./frames.ts";
import { timestampOf } from "./ids.ts";

/** The subprotocol with `ready`, `reconnect` and `sync` frames (P5, P22). */
export const SUBPROTOCOL = "chat.v1";
/** Default maximum length of a content, in bytes of UTF-8 (P12). */
export const DEFAULT_MAX_CONTENT_BYTES = 8 * 1024;
/** Maximum size of a frame, in bytes of UTF-8 (P12). */
export const MAX_FRAME_BYTES = 64 * 1024;

/** A decoded frame, or an error code. The code comes with the frame's ref if the frame has a valid one. */
export type Decoded =
  | { readonly ok: true; readonly frame: ClientFrame }
  | { readonly ok: false; readonly code: ErrorCode; readonly ref?: string };

/**
 * Decodes a client's text frame. Never throws: an invalid frame becomes an error code, with the frame's ref if it has
 * one.
 */
export function decodeClientFrame(text: string, limits: { readonly maxContentBytes: number }): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, code: "invalid_json" };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { ok: false, code: "invalid_message" };
  switch ((value as { type?: unknown }).type) {
    case undefined:
    case "message":
      return decodeSend(value, limits.maxContentBytes);
    case "ping":
      return { ok: true, frame: { type: "ping" } };
    case "auth":
      return decoded(clientFrames.auth.safeParse(value));
    default:
      return { ok: false, code: "unknown_type", ...refOf(value) };
  }
}

function decodeSend(value: object, maxContentBytes: number): Decoded {
  const result = clientFrames.message.safeParse(value);
  if (!result.success) return { ok: false, code: "invalid_message", ...refOf(value) };
  const { content } = result.data;
  // A UTF-16 unit takes at most three bytes in UTF-8, so short content needs no counting.
  if (content.length * 3 > maxContentBytes && utf8Bytes(content) > maxContentBytes) {
    return { ok: false, code: "content_too_long", ...refOf(value) };
  }
  return { ok: true, frame: result.data };
}

function decoded(result: { success: true; data: ClientFrame } | { success: false }): Decoded {
  return result.success ? { ok: true, frame: result.data } : { ok: false, code: "invalid_message" };
}

function refOf(value: object): { ref?: string } {
  const ref = refSchema.safeParse((value as { ref?: unknown }).ref);
  return ref.success ? { ref: ref.data } : {};
}

const encoder = new TextEncoder();

function utf8Bytes(text: string): number {
  return encoder.encode(text).byteLength;
}

/** Encodes a frame for a client. */
export function encodeServerFrame(frame: ServerFrame): string {
  return JSON.stringify(frame);
}

/** Builds the `ack` frame for a durable message (P10, P31). */
export function ackFrame(ref: string, id: string): string {
  return `{"type":"ack","ref":${JSON.stringify(ref)},"id":"${id}","timestamp":"${timestampOf(id)}"}`;
}

/** Builds an `error` frame from a code of the catalogue or from an error with a code (P30). */
export function errorFrame(error: ErrorCode | ChatError, ref?: string): string {
  const code = typeof error === "string" ? error : error.code;
  const retryAfterMs = typeof error === "string" ? undefined : error.retryAfterMs;
  return encodeServerFrame({
    type: "error",
    code,
    message: typeof error === "string" ? ERRORS[code].message : error.message,
    temporary: ERRORS[code].temporary,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(ref !== undefined && { ref }),
  });
}
