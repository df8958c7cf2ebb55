import { AuthError, type Identity, type TokenSource, type Verifier, withRevocations } from "@parley/auth";
import { describe, expect, it } from "vitest";
import { Authenticator } from "./authenticator.ts";

const ALICE: Identity = { user: "alice", scopes: new Set(), issuedAt: 0, expiresAt: 1 };

function authenticatorWith(verify: Verifier["verify"]): Authenticator {
  const source = { of: () => undefined, isCurrent: () => true, refresh: () => Promise.resolve() };
  return new Authenticator(withRevocations({ verify, problem: () => undefined }, source));
}

describe("the authenticator", () => {
  it("G5: a handshake counts for its address, and a renewal for its user", async () => {
    const shares: (string | undefined)[] = [];
    const verify = async (_token?: string, source?: TokenSource) => {
      shares.push(source?.share);
      return ALICE;
    };
    const authenticator = authenticatorWith(verify);
    await authenticator.verify("x", { address: "192.0.2.1" });
    await authenticator.verify("x", { user: "192.0.2.1" });
    expect(shares).toEqual(["address 192.0.2.1", "user 192.0.2.1"]);
  });

  it("P3: too many waiting tokens are a temporary error with a retry time", async () => {
    const verify = () => Promise.reject(new AuthError("overloaded", "too_many_waiting", 1_000));
    const authenticator = authenticatorWith(verify);
    await expect(authenticator.verify("x", { address: "a" })).rejects.toMatchObject({
      code: "overloaded",
      temporary: true,
      retryAfterMs: 1_000,
    });
  });

  it("P3: an unexpected error becomes internal, and an abort keeps its reason", async () => {
    const verify = () => Promise.reject(new Error("broken"));
    const authenticator = authenticatorWith(verify);
    await expect(authenticator.verify("x", { address: "a" })).rejects.toMatchObject({ code: "internal" });
    const signal = AbortSignal.abort(new Error("gone"));
    await expect(authenticator.verify("x", { address: "a", signal })).rejects.toThrow("gone");
  });
});
