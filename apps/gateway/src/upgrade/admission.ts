import type { IncomingMessage } from "node:http";
import type { Identity } from "@parley/auth";
import { ChatError } from "@parley/models";
import { hasOneHost, type OriginPolicy, requestBlock, type TrustedProxies } from "@parley/service";
import type { Authenticator } from "./authenticator.ts";
import type { ConnectionLimiter } from "./connection-limiter.ts";
import { type HandshakeToken, readHandshakeToken } from "./handshake-token.ts";

export interface AdmissionDeps {
  readonly origins: OriginPolicy;
  readonly authenticator: Authenticator;
  readonly connectionLimiter: ConnectionLimiter;
  readonly trustedProxies: TrustedProxies;
  readonly isDraining: () => boolean;
}

/** A client whose origin and token have been checked. */
export interface AuthenticatedClient {
  readonly identity: Identity;
  /** The key for the limit of connections per address: the client's IPv4 address or IPv6 block. */
  readonly address: string;
  /** Subprotocol for the answer (P2). */
  readonly subprotocol: HandshakeToken["subprotocol"];
}

const DRAINING_RETRY_MS = 1_000;
const LIMIT_RETRY_MS = 5_000;
const HOST_MESSAGE = "A request must have one Host header. Send it with the server's name.";

/**
 * The checks of P3, the same for an upgrade and for a plain GET of `/ws`, in this order: draining, Host, origin, token,
 * limits.
 */
export class Admission {
  readonly #deps: AdmissionDeps;

  constructor(deps: AdmissionDeps) {
    this.#deps = deps;
  }

  /**
   * Checks draining, Host, origin and token. Rejects with the ChatError to answer with, or with the reason of `signal`, which
   * is aborted when the client has gone.
   */
  async authenticate(req: IncomingMessage, signal?: AbortSignal): Promise<AuthenticatedClient> {
    const { origins, authenticator, trustedProxies } = this.#deps;
    this.assertNotDraining();
    // Node requires Host in requests, but not in upgrades.
    if (!hasOneHost(req)) throw new ChatError("invalid_parameter", { message: HOST_MESSAGE });
    origins.assertPermitted(req);
    const address = requestBlock(req, trustedProxies);
    const { token, subprotocol } = readHandshakeToken(req.headers);
    const identity = await authenticator.verify(token, { address, signal });
    return { identity, address, subprotocol };
  }

  /**
   * Throws if the gateway is draining or a limit on connections is reached. A caller that opens a connection must
   * count it with `ConnectionLimiter.acquire` before its next `await`, so that no other handshake passes the same
   * check.
   */
  assertCapacity({ identity, address }: AuthenticatedClient): void {
    this.assertNotDraining();
    const refusal = this.#deps.connectionLimiter.refusalFor(identity.user, address);
    if (refusal) throw new ChatError(refusal, { retryAfterMs: LIMIT_RETRY_MS });
  }

  /** Throws `token_revoked` or `user_blocked` if the client's token was revoked since `authenticate` (P65). */
  assertNotRevoked({ identity }: AuthenticatedClient): void {
    this.#deps.authenticator.assertNotRevoked(identity);
  }

  assertNotDraining(): void {
    if (this.#deps.isDraining()) throw new ChatError("draining", { retryAfterMs: DRAINING_RETRY_MS });
  }
}
