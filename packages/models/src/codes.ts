/**
 * The one catalogue of what can go wrong (P30, P55). `status` is the HTTP status where a code answers a request;
 * `temporary` says whether the same thing may succeed later.
 */
export const ERRORS = {
  invalid_json: { status: 400, temporary: false, message: "This is not valid JSON." },
  invalid_message: {
    status: 400,
    temporary: false,
    message: "This is not a message: see the protocol for its form.",
  },
  unknown_type: { status: 400, temporary: false, message: "This type of frame is unknown." },
  content_too_long: {
    status: 413,
    temporary: false,
    message: "The content is longer than this server takes.",
  },
  ref_reused: { status: 409, temporary: false, message: "This ref was already used for another content." },
  rate_limited: { status: 429, temporary: true, message: "Too many messages: slow down." },
  backlog_full: { status: 503, temporary: true, message: "Too much waits to be stored: try again later." },
  unavailable: {
    status: 503,
    temporary: true,
    message:
      "The outcome is unknown or the service cannot answer now: trying again with the same ref is safe.",
  },
  messages_missed: { status: 503, temporary: true, message: "Live messages were missed: read the history." },

  token_missing: { status: 401, temporary: false, message: "A token is needed." },
  token_expired: { status: 401, temporary: false, message: "The token has expired." },
  unauthorized: { status: 401, temporary: false, message: "The token is not valid here." },
  forbidden: { status: 403, temporary: false, message: "The token does not permit this." },
  origin_not_allowed: { status: 403, temporary: false, message: "This origin is not allowed." },
  too_many_connections: { status: 429, temporary: true, message: "Too many connections." },
  draining: { status: 503, temporary: true, message: "This process is stopping: connect again." },
  overloaded: { status: 503, temporary: true, message: "This process is full: try again later." },
  upgrade_required: { status: 426, temporary: false, message: "This is a WebSocket endpoint: upgrade." },

  invalid_username: { status: 400, temporary: false, message: "This is not a username." },
  invalid_parameter: { status: 400, temporary: false, message: "A parameter is not valid." },
  not_found: { status: 404, temporary: false, message: "There is nothing here." },
  method_not_allowed: { status: 405, temporary: false, message: "This method is not possible here." },
  payload_too_large: { status: 413, temporary: false, message: "The request is too large." },
  uri_too_long: { status: 414, temporary: false, message: "The address is too long." },
  unsupported_media_type: { status: 415, temporary: false, message: "This media type is not taken here." },
  internal: { status: 500, temporary: true, message: "Something went wrong on our side." },
} as const satisfies Record<string, { status: number; temporary: boolean; message: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** A failure with a code from the catalogue: the one kind of error that a client is ever told (P30, G4). */
export class ChatError extends Error {
  override readonly name = "ChatError";
  readonly code: ErrorCode;
  /** When trying again may help, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  /** `message` replaces the catalogue's text; it must hold no token, content or secret. */
  constructor(code: ErrorCode, options: { message?: string; retryAfterMs?: number; cause?: unknown } = {}) {
    super(
      options.message ?? ERRORS[code].message,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  get temporary(): boolean {
    return ERRORS[this.code].temporary;
  }
}

/** WebSocket close codes (P32, P40). 4000–4499: connect again; 4500–4999: do not. */
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
} as const;
