import { describe, expect, it } from "vitest";
import { AuthError } from "../error.ts";
import type { AuthEvent } from "../events.ts";
import { issueToken } from "../issue.ts";
import { createVerifier, type VerifierOptions } from "../verifier.ts";
import { type RevocationSource, withRevocations } from "./judge.ts";

const SECRET = "the first secret, 32 bytes or more";
const NOW = 1_750_000_000_400;

/** A verifier whose revocations a test sets. */
function rig(config: Partial<VerifierOptions> = {}) {
  const events: AuthEvent[] = [];
  const revoked = new Map<string, { issuedBefore?: number; until?: number }>();
  const source = {
    of: (user: string) => revoked.get(user),
    isCurrent: () => true,
    refresh: () => Promise.resolve(),
  } satisfies RevocationSource as RevocationSource & {
    isCurrent: () => boolean;
    refresh: () => Promise<void>;
  };
  const verifier = createVerifier({
    secrets: [SECRET],
    isUser: () => true,
    clocks: { wallTime: () => NOW, now: () => 0 },
    ...config,
  });
  return {
    revoked,
    source,
    events,
    verifier: withRevocations(verifier, source, (event) => events.push(event)),
  };
}

/** A token that an issuer signs `beforeMs` before now, by its clock. */
const tokenOf = async (user: string, beforeMs = 0) =>
  (await issueToken({ user, secret: SECRET, expiresInSeconds: 7_200, now: () => NOW - beforeMs })).token;

const codeOf = (verdict: Promise<unknown>) =>
  verdict.then(
    () => "accepted",
    (error: unknown) => (error instanceof AuthError ? error.code : String(error)),
  );

describe("revoked tokens", () => {
  it("P65: a token is refused if it was issued before the time, also if it is in the cache", async () => {
    const { revoked, verifier, events } = rig();
    const [old, fresh] = [await tokenOf("alice", 5_000), await tokenOf("alice")];
    expect([await codeOf(verifier.verify(old)), await codeOf(verifier.verify(fresh))]).toEqual([
      "accepted",
      "accepted",
    ]);
    revoked.set("alice", { issuedBefore: NOW - 1_000 });
    expect([await codeOf(verifier.verify(old)), await codeOf(verifier.verify(fresh))]).toEqual([
      "token_revoked",
      "accepted",
    ]);
    expect(events).toEqual([{ type: "refused", failure: "revoked" }]);
  });

  it("P65: iat has whole seconds, so a token of the revocation's second is refused", async () => {
    const { revoked, verifier } = rig();
    revoked.set("alice", { issuedBefore: NOW });
    expect(await codeOf(verifier.verify(await tokenOf("alice")))).toBe("token_revoked");
    revoked.set("alice", { issuedBefore: NOW - 400 });
    expect(await codeOf(verifier.verify(await tokenOf("alice")))).toBe("accepted");
  });

  it("P65: a token without iat counts as the oldest one", async () => {
    const { SignJWT } = await import("jose");
    const token = await new SignJWT({ sub: "alice", exp: NOW / 1_000 + 60 })
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode(SECRET));
    const { revoked, verifier } = rig();
    expect((await verifier.verify(token)).issuedAt).toBe(0);
    revoked.set("alice", { issuedBefore: 1 });
    expect(await codeOf(verifier.verify(token))).toBe("token_revoked");
    expect(await codeOf(rig({ maxTokenAgeMs: 3_600_000 }).verifier.verify(token))).toBe("unauthorized");
  });

  it("L26: if the issuer's clock is ahead, a token counts as issued when it was verified", async () => {
    const { revoked, verifier } = rig();
    const ahead = await tokenOf("alice", -20_000);
    expect((await verifier.verify(ahead)).issuedAt).toBe(NOW);
    revoked.set("alice", { issuedBefore: NOW + 1 });
    expect(await codeOf(verifier.verify(ahead))).toBe("token_revoked");
  });

  it("P65: a blocked user is refused with any token, and others aren't", async () => {
    const { revoked, verifier } = rig();
    revoked.set("alice", { until: NOW + 1, issuedBefore: NOW + 1 });
    expect(await codeOf(verifier.verify(await tokenOf("alice")))).toBe("user_blocked");
    expect(await codeOf(verifier.verify(await tokenOf("bob")))).toBe("accepted");
    expect(verifier.judge.isBlocked("alice")).toBe(true);
  });

  it("L26: a token is judged after its verification, and only by what is current", async () => {
    const { revoked, source, verifier } = rig();
    source.isCurrent = () => false;
    source.refresh = async () => {
      revoked.set("alice", { issuedBefore: NOW });
    };
    expect(await codeOf(verifier.verify(await tokenOf("alice")))).toBe("token_revoked");
    source.refresh = () => Promise.reject(new Error("no log"));
    expect(await codeOf(verifier.verify(await tokenOf("bob")))).toBe("unavailable");
  });

  it("P65: with a maximum age a token expires that long after its iat, whatever its exp says", async () => {
    const { verifier } = rig({ maxTokenAgeMs: 60_000 });
    expect(await codeOf(verifier.verify(await tokenOf("alice", 61_000)))).toBe("token_expired");
    const { expiresAt, issuedAt } = await verifier.verify(await tokenOf("alice", 30_000));
    expect(expiresAt).toBe(issuedAt + 60_000);
  });
});
