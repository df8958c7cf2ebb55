import type { AuthError, RevocationJudge } from "@parley/auth";
import type { Revocations } from "@parley/bus";
import { CLOSE } from "@parley/models";
import type { ConnectionCloser } from "./closer.ts";
import type { ConnectionRegistry } from "./registry.ts";

export interface RevokedConnectionsDeps {
  readonly revocations: Revocations;
  readonly judge: RevocationJudge;
  readonly registry: ConnectionRegistry;
  readonly closer: ConnectionCloser;
}

/**
 * Closes open connections when the revocations change (P65): with 4503 if the user is blocked, with 4003 if the token
 * by which the connection is open was revoked. Doesn't wait for answers: their messages must not be delivered any more,
 * and a client sends again what wasn't answered.
 */
export function closeRevokedConnections({
  revocations,
  judge,
  registry,
  closer,
}: RevokedConnectionsDeps): void {
  revocations.onChange(() => {
    for (const connection of [...registry.connections]) {
      const refusal = judge.refusalOf(connection);
      if (refusal) closer.closeNow(connection, closeCodeOf(refusal), REASONS[refusal.failure] ?? "");
    }
  });
}

const REASONS: Partial<Record<AuthError["failure"], string>> = {
  blocked: "user blocked",
  revoked: "token revoked",
};

function closeCodeOf({ code }: AuthError): number {
  return code === "user_blocked" ? CLOSE.userBlocked : CLOSE.tokenRevoked;
}
