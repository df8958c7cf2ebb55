import type { IncomingMessage } from "node:http";
import type { Identity } from "@parley/auth";
import { ChatError } from "@parley/models";
import { addressBlock, clientAddress, type OriginPolicy, type TrustedProxies } from "@parley/service";
import type { Verifications } from "./authenticator.ts";
import type { ConnectionCounts } from "./connection-limiter.ts";
import { type TokenOffer, tokenOffer } from "./handshake-token.ts";

export interface AdmissionParts {
  readonly origins: OriginPolicy;
  readonly verifications: Verifications;
  readonly counts: ConnectionCounts;
  readonly trustedProxies: TrustedProxies;
  readonly isDraining: () => boolean;
}

/** Who may come in, and how. */
export interface Admitted {
  readonly identity: Identity;
  /** What connections per address are counted by. */
  readonly address: string;
  readonly subprotocol: TokenOffer["subprotocol"];
}

const DRAINING_RETRY_MS = 1_000;
const LIMIT_RETRY_MS = 5_000;

/** P3, for an upgrade and for a plain GET alike: draining, origin, token, limits, in this order. */
export class Admission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** Rejects with the ChatError that is the answer. */
  async identify(req: IncomingMessage): Promise<Admitted> {
    const { origins, verifications, trustedProxies } = this.#parts;
    this.assertNotDraining();
    const { origin, host } = req.headers;
    if (!origins.permits(origin, host)) throw new ChatError("origin_not_allowed");
    const address = addressBlock(clientAddress(req, trustedProxies));
    const { token, subprotocol } = tokenOffer(req.headers);
    const identity = await verifications.verify(token);
    return { identity, address, subprotocol };
  }

  /** Throws where there is no place for one more now. A place that is taken at once stays within the limits. */
  assertRoom({ identity, address }: Admitted): void {
    this.assertNotDraining();
    const refusal = this.#parts.counts.refusal(identity.user, address);
    if (refusal) throw new ChatError(refusal, { retryAfterMs: LIMIT_RETRY_MS });
  }

  assertNotDraining(): void {
    if (this.#parts.isDraining()) throw new ChatError("draining", { retryAfterMs: DRAINING_RETRY_MS });
  }
}
