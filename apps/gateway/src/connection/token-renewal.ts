import { ChatError, encodeServerFrame, errorFrame } from "@parley/models";
import type { Observe } from "../events.ts";
import { textFrame } from "../outbound/text-frame.ts";
import type { Outbox } from "../outbound/write-scheduler.ts";
import type { Verifications } from "../upgrade/authenticator.ts";
import type { Connection } from "./connection.ts";

export interface RenewalsParts {
  readonly verifications: Verifications;
  readonly outbox: Outbox<Connection>;
  readonly observe: Observe;
}

/** A second token while the first is verified. */
const BUSY_RETRY_MS = 1_000;

/** P6: a fresh token for a connection that is open, for the same user. */
export class Renewals {
  readonly #parts: RenewalsParts;

  constructor(parts: RenewalsParts) {
    this.#parts = parts;
  }

  renew(connection: Connection, token: string): void {
    if (connection.isVerifying) {
      this.#refuse(connection, new ChatError("rate_limited", { retryAfterMs: BUSY_RETRY_MS }));
      return;
    }
    connection.isVerifying = true;
    void this.#verify(connection, token).finally(() => {
      connection.isVerifying = false;
    });
  }

  async #verify(connection: Connection, token: string): Promise<void> {
    try {
      const { user, expiresAt } = await this.#parts.verifications.verify(token);
      if (user !== connection.user) throw new ChatError("unauthorized");
      if (!connection.isOpen) return;
      connection.expiresAt = expiresAt;
      const frame = encodeServerFrame({ type: "auth", expiresAt: new Date(expiresAt).toISOString() });
      this.#parts.outbox.toOne(connection, textFrame(frame));
    } catch (error) {
      this.#refuse(connection, refusalFrom(error));
    }
  }

  #refuse(connection: Connection, error: ChatError): void {
    if (!connection.isOpen) return;
    this.#parts.observe({ type: "frame-refused", connection: connection.id, code: error.code });
    this.#parts.outbox.toOne(connection, textFrame(errorFrame(error)));
  }
}

/** Whatever was wrong with the token is `unauthorized`; a token that could not be judged may be fine. */
function refusalFrom(error: unknown): ChatError {
  if (error instanceof ChatError && error.temporary) return error;
  return new ChatError("unauthorized");
}
