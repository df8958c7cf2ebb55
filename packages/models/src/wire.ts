import type { ZodError } from "zod";
import { type ChatError, ERRORS, type ErrorCode } from "./codes.ts";
import { MAX_REF_CHARACTERS, ref as refSchema } from "./fields.ts";
import { type ClientFrame, clientFrames, type ServerFrame } from "./frames.ts";
import { editRequest, type SendRequest, sendRequest } from "./http.ts";
import { timestampOf } from "./ids.ts";
import { NOT_AN_OBJECT as META_NOT_AN_OBJECT, metaFault } from "./meta.ts";
import { rawMember } from "./raw-member.ts";

/** The subprotocol with `ready`, `reconnect` and `sync` frames (P5, P22). */
export const SUBPROTOCOL = "chat.v1";
/** Default maximum length of a content, in bytes of UTF-8 (P12). */
export const DEFAULT_MAX_CONTENT_BYTES = 8 * 1024;
/** Maximum size of a frame, in bytes of UTF-8 (P12). */
export const MAX_FRAME_BYTES = 64 * 1024;

/**
 * A decoded frame, or an error code. The code comes with the frame's ref if the frame has a valid one. For
 * `invalid_message`, `message` names the invalid field.
 */
export type Decoded = { readonly ok: true; readonly frame: ClientFrame } | Undecodable;

/** The body of a request to send, or an error code as in `Decoded` (P62). */
export type DecodedSendRequest = { readonly ok: true; readonly message: SendRequest } | Undecodable;

/** The body of a request to edit, or an error code as in `Decoded` (P73). `meta` is a text (P72). */
export type DecodedEditRequest =
  | {
      readonly ok: true;
      readonly edit: { readonly content: string; readonly meta?: string; readonly ref: string };
    }
  | Undecodable;

interface Undecodable {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message?: string;
  readonly ref?: string;
}

/** The rule that each field of a client's frame must follow, as text for the author of the client. */
const RULES: Readonly<Record<string, string>> = {
  to: '`to` must be a username, or "" for the public room.',
  content: "`content` must be a text: not empty, and well-formed Unicode.",
  ref: `\`ref\` must be a text of 1 to ${MAX_REF_CHARACTERS} characters, in well-formed Unicode.`,
  meta: META_NOT_AN_OBJECT,
  token: "`token` must be a text that isn't empty.",
  as: "`as` must be a username.",
  with: '`with` must be a username, or "" for the public room.',
  id: "`id` must be the id of a message.",
};
const NOT_AN_OBJECT = "A frame must be a JSON object.";
const NOT_A_MESSAGE = "Only messages can be sent to this address.";

/**
 * Decodes a client's text frame. Never throws: an invalid frame becomes an error code, with the frame's ref if it has
 * one.
 */
export function decodeClientFrame(text: string, limits: ContentLimits): Decoded {
  const parsed = parseObject(text);
  return parsed.ok ? decodeFrame(parsed.value, text, limits) : parsed;
}

/**
 * Decodes the body of a request to send: a message frame in which `ref` is required and `as` may name a user (P62). Never
 * throws.
 */
export function decodeSendRequest(text: string, limits: ContentLimits): DecodedSendRequest {
  const parsed = parseObject(text);
  if (!parsed.ok) return parsed;
  const decoded = decodeFrame(parsed.value, text, limits);
  if (!decoded.ok) return decoded;
  if (decoded.frame.type !== "message") return { ok: false, code: "unknown_type", message: NOT_A_MESSAGE };
  const { data, error } = sendRequest.safeParse(parsed.value);
  if (!data) return invalidMessage(error, parsed.value);
  const { meta: _, ...message } = data;
  const { meta } = decoded.frame;
  return { ok: true, message: { ...message, ...(meta !== undefined && { meta }) } };
}

/** Decodes the body of a request to edit. Never throws. Ignores unknown fields. */
export function decodeEditRequest(text: string, { maxContentBytes }: ContentLimits): DecodedEditRequest {
  const parsed = parseObject(text);
  if (!parsed.ok) return parsed;
  const { data, error } = editRequest.safeParse(parsed.value);
  if (!data) return invalidMessage(error, parsed.value);
  const { content, ref } = data;
  if (utf8Bytes(content) > maxContentBytes) return { ok: false, code: "content_too_long", ref };
  const meta = data.meta && rawMember(text, "meta");
  if (meta === undefined) return { ok: true, edit: { content, ref } };
  const message = metaFault(meta);
  if (message !== undefined) return { ok: false, code: "invalid_message", message, ref };
  return { ok: true, edit: { content, meta, ref } };
}

interface ContentLimits {
  readonly maxContentBytes: number;
}

function parseObject(text: string): { readonly ok: true; readonly value: object } | Undecodable {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, code: "invalid_json" };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { ok: false, code: "invalid_message", message: NOT_AN_OBJECT };
  return { ok: true, value };
}

function decodeFrame(value: object, text: string, limits: ContentLimits): Decoded {
  switch ((value as { type?: unknown }).type) {
    case undefined:
    case "message":
      return decodeSend(value, text, limits.maxContentBytes);
    case "ping":
      return { ok: true, frame: { type: "ping" } };
    case "auth":
      return decodeAs(clientFrames.auth, value);
    case "read":
      return decodeAs(clientFrames.read, value);
    default:
      return { ok: false, code: "unknown_type", ...refOf(value) };
  }
}

function decodeSend(value: object, text: string, maxContentBytes: number): Decoded {
  const result = clientFrames.message.safeParse(value);
  if (!result.success) return invalidMessage(result.error, value);
  const { meta: parsed, ...frame } = result.data;
  // A UTF-16 unit takes at most three bytes in UTF-8, so short content needs no counting.
  if (frame.content.length * 3 > maxContentBytes && utf8Bytes(frame.content) > maxContentBytes) {
    return { ok: false, code: "content_too_long", ...refOf(value) };
  }
  const meta = parsed && rawMember(text, "meta");
  if (meta === undefined) return { ok: true, frame };
  const message = metaFault(meta);
  if (message !== undefined) return { ok: false, code: "invalid_message", message, ...refOf(value) };
  return { ok: true, frame: { ...frame, meta } };
}

function decodeAs(schema: typeof clientFrames.auth | typeof clientFrames.read, value: object): Decoded {
  const result = schema.safeParse(value);
  return result.success ? { ok: true, frame: result.data } : invalidMessage(result.error, value);
}

function invalidMessage({ issues }: Pick<ZodError, "issues">, value: object): Undecodable {
  const message = RULES[String(issues[0]?.path[0])] ?? ERRORS.invalid_message.message;
  return { ok: false, code: "invalid_message", message, ...refOf(value) };
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
