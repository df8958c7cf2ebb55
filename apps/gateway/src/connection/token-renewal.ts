import { ChatError, encodeServerFrame, errorFrame } from "@parley/models";
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
      const { user, expiresAt } = await this.#deps.authenticator.verify(token, { user: connection.user });
      if (user !== connection.user) throw new ChatError("unauthorized");
      if (!connection.isOpen) return;
      connection.extendUntil(expiresAt);
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

/**
 * Returns `unauthorized` for every fault of the token. Returns a temporary error unchanged, because the token may be
 * valid.
 */
function refusalFrom(error: unknown): ChatError {
  if (error instanceof ChatError && error.temporary) return error;
  return new ChatError("unauthorized");
}
