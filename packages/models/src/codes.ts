/**
 * The catalogue of errors (P30, P55). `status` is the HTTP status of a response with this code; `temporary` is true
 * if the same request may succeed later.
 */
export const ERRORS = {
  invalid_json: { status: 400, temporary: false, message: "This isn't valid JSON." },
  invalid_message: {
    status: 400,
    temporary: false,
    message: "This isn't a valid frame. See the protocol for the fields of each type.",
  },
  unknown_type: { status: 400, temporary: false, message: "This frame type is unknown." },
  content_too_long: {
    status: 413,
    temporary: false,
    message: "The content is longer than this server allows.",
  },
  ref_reused: { status: 409, temporary: false, message: "This ref was already used for different content." },
  not_enabled: {
    status: 409,
    temporary: false,
    message: "This isn't enabled: it needs format 2 of the log, which an operator sets.",
  },
  message_deleted: { status: 410, temporary: false, message: "This message was deleted." },
  rate_limited: { status: 429, temporary: true, message: "Too many messages. Slow down." },
  backlog_full: {
    status: 503,
    temporary: true,
    message: "Too many messages wait to be stored. Retry later.",
  },
  unavailable: {
    status: 503,
    temporary: true,
    message: "The service can't answer now, or the outcome is unknown. Retrying with the same ref is safe.",
  },
  revocations_full: {
    status: 409,
    temporary: false,
    message: "There is no room for another revocation. Delete some, or set MAX_TOKEN_AGE.",
  },
  messages_missed: { status: 503, temporary: true, message: "Live messages were missed. Read the history." },

  token_missing: { status: 401, temporary: false, message: "A token is required." },
  token_expired: { status: 401, temporary: false, message: "The token has expired." },
  token_revoked: { status: 401, temporary: false, message: "The token was revoked. Get a new one." },
  unauthorized: { status: 401, temporary: false, message: "This isn't a valid token." },
  forbidden: { status: 403, temporary: false, message: "The token doesn't permit this." },
  user_blocked: { status: 403, temporary: false, message: "This user is blocked." },
  origin_not_allowed: { status: 403, temporary: false, message: "This origin isn't allowed." },
  too_many_connections: { status: 429, temporary: true, message: "Too many connections." },
  draining: { status: 503, temporary: true, message: "This server is stopping. Connect again." },
  overloaded: { status: 503, temporary: true, message: "This server is at capacity. Retry later." },
  upgrade_required: {
    status: 426,
    temporary: false,
    message: "This is a WebSocket endpoint. Send an upgrade request.",
  },

  invalid_username: { status: 400, temporary: false, message: "This isn't a valid username." },
  invalid_parameter: { status: 400, temporary: false, message: "A parameter isn't valid." },
  not_found: { status: 404, temporary: false, message: "Nothing exists at this address." },
  method_not_allowed: { status: 405, temporary: false, message: "This method isn't allowed here." },
  payload_too_large: { status: 413, temporary: false, message: "The request is too large." },
  uri_too_long: { status: 414, temporary: false, message: "The request's address is too long." },
  unsupported_media_type: { status: 415, temporary: false, message: "This media type isn't supported here." },
  internal: { status: 500, temporary: true, message: "An internal error occurred." },
} as const satisfies Record<string, { status: number; temporary: boolean; message: string }>;

export type ErrorCode = keyof typeof ERRORS;
export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** An error with a code from the catalogue: the only kind of error that clients see (P30, G4). */
export class ChatError extends Error {
  override readonly name = "ChatError";
  readonly code: ErrorCode;
  /** The time after which a retry may succeed, in ms. */
  readonly retryAfterMs: number | undefined;

  /**
   * `message` replaces the catalogue's text. It must not contain a token, content or secret. The message of an
   * `unavailable` error's `cause` is a text for operators and must not contain them either.
   */
  constructor(
    code: ErrorCode,
    options: { message?: string; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(
      options.message ?? ERRORS[code].message,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The reason of the error, for operators. */
  get reason(): string {
    if (this.message !== ERRORS[this.code].message) return this.message;
    return this.code === "unavailable" && this.cause instanceof Error ? this.cause.message : this.code;
  }

  get temporary(): boolean {
    return ERRORS[this.code].temporary;
  }
}

/** WebSocket close codes (P32, P40). From 4000 to 4499 a client reconnects, from 4500 to 4999 it doesn't. */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  unsupportedData: 1003,
  invalidUtf8: 1007,
  policyViolation: 1008,
  tooBig: 1009,
  restart: 1012,
  overloaded: 1013,
  tokenExpired: 4001,
  tooSlow: 4002,
  tokenRevoked: 4003,
  userBlocked: 4503,
} as const;
