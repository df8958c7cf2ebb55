import { ChatError, type ErrorCode, encodeServerFrame, errorFrame } from "@parley/models";
import type { Observe } from "../events.ts";
import { textFrame } from "../outbound/text-frame.ts";
import type { WriteScheduler } from "../outbound/write-scheduler.ts";
import type { Authenticator } from "../upgrade/authenticator.ts";
import type { Connection } from "./connection.ts";

export interface TokenRenewalDeps {
  readonly authenticator: Authenticator;
  readonly writeScheduler: WriteScheduler<Connection>;
  readonly observe: Observe;
}

/** Retry time for a second token that arrives while the first is being verified. */
const BUSY_RETRY_MS = 1_000;

/** Handles `auth` frames: an open connection gets a new expiry from a fresh token of the same user (P6). */
export class TokenRenewal {
  readonly #deps: TokenRenewalDeps;

  constructor(deps: TokenRenewalDeps) {
    this.#deps = deps;
  }

  renew(connection: Connection, token: string): void {
    if (connection.isRenewing) {
      this.#refuse(connection, new ChatError("rate_limited", { retryAfterMs: BUSY_RETRY_MS }));
      return;
    }
    connection.beginRenewal();
    void this.#verify(connection, token).finally(() => connection.endRenewal());
  }

  async #verify(connection: Connection, token: string): Promise<void> {
    try {
      const { authenticator } = this.#deps;
      const identity = await authenticator.verify(token, { user: connection.user });
      const { user, expiresAt } = identity;
      if (user !== connection.user) throw new ChatError("unauthorized");
      // The connection was judged by its former token if the revocations have changed since the verification (L26).
      authenticator.assertNotRevoked(identity);
      if (!connection.isOpen) return;
      connection.replaceToken(identity);
      const frame = encodeServerFrame({ type: "auth", expiresAt: new Date(expiresAt).toISOString() });
      this.#deps.writeScheduler.sendTo(connection, textFrame(frame));
    } catch (error) {
      this.#refuse(connection, refusalFrom(error));
    }
  }

  #refuse(connection: Connection, error: ChatError): void {
    if (error.code === "internal")
      this.#deps.observe({ type: "failure", request: connection.id, error: error.cause });
    if (!connection.isOpen) return;
    this.#deps.observe({ type: "frame-refused", connection: connection.id, code: error.code });
    this.#deps.writeScheduler.sendTo(connection, textFrame(errorFrame(error)));
  }
}

/** A revoked token or a blocked user is no fault of the token (P65). */
const REVOKED: ReadonlySet<ErrorCode> = new Set(["token_revoked", "user_blocked"]);

/**
 * Returns `unauthorized` for every fault of the token. Returns a temporary error unchanged, because the token may be
 * valid.
 */
function refusalFrom(error: unknown): ChatError {
  if (error instanceof ChatError && (error.temporary || REVOKED.has(error.code))) return error;
  return new ChatError("unauthorized");
}
