import type { JWTPayload, JWTVerifyOptions } from "jose";

/** One way of checking signatures: which algorithms it stands for, and the claims of a token that it signed. */
export interface TokenCheck {
  readonly algorithms: readonly string[];
  claims(token: string, options: JWTVerifyOptions): Promise<JWTPayload>;
  problem(): string | undefined;
}
