import { z } from "zod";
import { type ChatError, ERRORS, type ErrorCode } from "./codes.ts";
import { timestampOf } from "./ids.ts";
import { isUsername } from "./username.ts";

/** The subprotocol that tells `ready`, `reconnect` and `sync` too (P5, P22). */
export const SUBPROTOCOL = "chat.v1";
/** P12: content and frames, in bytes of UTF-8. */
export const DEFAULT_MAX_CONTENT_BYTES = 8 * 1024;
export const MAX_FRAME_BYTES = 64 * 1024;

const MAX_REF_LENGTH = 64;

const pingSchema = z.object({ type: z.literal("ping") });
const authSchema = z.object({ type: z.literal("auth"), token: z.string().min(1) });

/** What a client may say (P6, P10, P14). Fields that are not named here are ignored (P11). */
export type ClientFrame =
  | {
      readonly type: "message";
      readonly to: string;
      readonly content: string;
      readonly ref?: string | undefined;
    }
  | z.infer<typeof pingSchema>
  | z.infer<typeof authSchema>;

/** What a server may say (P5, P6, P10, P14, P20, P23, P30, P40). */
export type ServerFrame =
  | { readonly type: "ready"; readonly user: string; readonly cursor: string }
  | {
      readonly type: "message";
      readonly id: string;
      readonly from: string;
      readonly to: string;
      readonly content: string;
      readonly timestamp: string;
    }
  | { readonly type: "ack"; readonly ref: string; readonly id: string; readonly timestamp: string }
  | { readonly type: "auth"; readonly expiresAt: string }
  | { readonly type: "pong" }
  | { readonly type: "sync"; readonly cursor: string }
  | { readonly type: "reconnect"; readonly afterMs: number }
  | {
      readonly type: "error";
      readonly code: ErrorCode;
      readonly message: string;
      readonly temporary: boolean;
      readonly retryAfterMs?: number;
      readonly ref?: string;
    };

export type Decoded =
  | { readonly ok: true; readonly frame: ClientFrame }
  | { readonly ok: false; readonly code: ErrorCode; readonly ref?: string };

/** Decodes one text frame of a client. Never throws: what is no frame is a coded error, with its ref where it had one. */
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
      return decoded(authSchema.safeParse(value));
    default:
      return { ok: false, code: "unknown_type", ...refOf(value) };
  }
}

/** By hand, since every message comes this way: a schema builds a good deal that nobody keeps. */
function decodeSend(value: object, maxContentBytes: number): Decoded {
  const { to = "", content, ref } = value as Readonly<Record<string, unknown>>;
  const isValid = (to === "" || isUsername(to)) && isContent(content) && (ref === undefined || isRef(ref));
  if (!isValid) return { ok: false, code: "invalid_message", ...refOf(value) };
  // A UTF-16 unit is at most three bytes of UTF-8, so most contents need no counting.
  if (content.length * 3 > maxContentBytes && utf8Bytes(content) > maxContentBytes) {
    return { ok: false, code: "content_too_long", ...refOf(value) };
  }
  const type = "message";
  return { ok: true, frame: ref === undefined ? { type, to, content } : { type, to, content, ref } };
}

function isContent(content: unknown): content is string {
  return typeof content === "string" && content.length > 0 && content.isWellFormed();
}

/** Counted in characters, of which a UTF-16 unit is one at most. */
function isRef(ref: unknown): ref is string {
  if (typeof ref !== "string" || ref.length === 0 || !ref.isWellFormed()) return false;
  return ref.length <= MAX_REF_LENGTH || [...ref].length <= MAX_REF_LENGTH;
}

function decoded(result: { success: true; data: ClientFrame } | { success: false }): Decoded {
  return result.success ? { ok: true, frame: result.data } : { ok: false, code: "invalid_message" };
}

function refOf(value: object): { ref?: string } {
  const { ref } = value as { ref?: unknown };
  return isRef(ref) ? { ref } : {};
}

const encoder = new TextEncoder();

function utf8Bytes(text: string): number {
  return encoder.encode(text).byteLength;
}

export function encodeServerFrame(frame: ServerFrame): string {
  return JSON.stringify(frame);
}

/** The answer to a send that is durable (P10, P31). */
export function ackFrame(ref: string, id: string): string {
  return `{"type":"ack","ref":${JSON.stringify(ref)},"id":"${id}","timestamp":"${timestampOf(id)}"}`;
}

/** P30, from a code of the catalogue or from the error that carries one. */
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
