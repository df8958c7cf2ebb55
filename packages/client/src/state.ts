import type { ParleyError } from "./errors.ts";

/**
 * The state of a client's connection. A client begins as `connecting`, which becomes `live` or `catching-up` when it
 * is connected, and `offline` when that fails. `catching-up` becomes `live`; `live` becomes `catching-up` again when
 * the server reports a gap. Both become `offline` when the connection ends, and `offline` becomes `connecting` at
 * `retryAt`. Every phase may become `closed`, which is final.
 */
export type State =
  /** A token is being fetched, or a connection is being opened. */
  | { readonly phase: "connecting" }
  /** Connected, and reading the messages that were missed. */
  | {
      readonly phase: "catching-up";
      /** The number of messages read so far. */
      readonly received: number;
      /** The reason why the last request failed. The client tries again. */
      readonly error?: ParleyError;
    }
  /** Connected, and every message arrives as it is sent. */
  | { readonly phase: "live" }
  /** Not connected. The client tries again by itself. */
  | {
      readonly phase: "offline";
      /** The time of the next attempt, in ms since 1970. */
      readonly retryAt: number;
      /**
       * The reason why there is no connection, if it is known. If it isn't `temporary`, the server has refused the client,
       * and `closed` follows if it does so again.
       */
      readonly error?: ParleyError;
    }
  /** Closed for good: by `close()`, by `signal`, or because of `error`. */
  | { readonly phase: "closed"; readonly error?: ParleyError };
