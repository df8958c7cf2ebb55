import { describe, expect, it } from "vitest";
import { digestOf, IdentityCache } from "./cache.ts";
import { issueToken } from "./issue.ts";
import { createVerifier } from "./verifier.ts";

const NOW = 1_750_000_000_000;
const SECRET = "the first secret, 32 bytes or more";

function identity(user: string, expiresAt = NOW + 3_600_000) {
  return { user, scopes: new Set<string>(), expiresAt };
}

describe("the identity cache", () => {
  it("P6: returns no identity after its token expired", () => {
    const cache = new IdentityCache(10);
    cache.set("a", identity("alice", NOW + 1_000), NOW);
    expect(cache.get("a", NOW + 999)?.user).toBe("alice");
    expect(cache.get("a", NOW + 1_000)).toBeUndefined();
    expect(cache.entries).toBe(0);
  });

  it("P61: forgets an entry after a minute, and if the clock was set back", () => {
    const cache = new IdentityCache(10);
    cache.set("a", identity("alice"), NOW);
    expect(cache.get("a", NOW + 59_999)?.user).toBe("alice");
    expect(cache.get("a", NOW + 60_000)).toBeUndefined();
    cache.set("a", identity("alice"), NOW);
    expect(cache.get("a", NOW - 1)).toBeUndefined();
  });

  it("G5: is bounded and evicts the oldest entry first", () => {
    const cache = new IdentityCache(2);
    for (const user of ["alice", "bob", "alice", "carol"]) cache.set(user, identity(user), NOW);
    expect(cache.entries).toBe(2);
    expect(cache.get("bob", NOW)).toBeUndefined();
    expect(cache.get("alice", NOW)?.user).toBe("alice");
    expect(cache.get("carol", NOW)?.user).toBe("carol");
  });

  it("G5: a user with many tokens evicts only tokens of that user", () => {
    const cache = new IdentityCache(100);
    cache.set("bob's", identity("bob"), NOW);
    for (let n = 0; n < 1_000; n++) cache.set(`mallory's ${n}`, identity("mallory"), NOW);
    expect(cache.get("bob's", NOW)?.user).toBe("bob");
    expect(cache.get("mallory's 999", NOW)?.user).toBe("mallory");
    expect(cache.entries).toBe(33);
  });

  it("stores nothing with size 0", () => {
    const cache = new IdentityCache(0);
    cache.set("a", identity("alice"), NOW);
    expect(cache.entries).toBe(0);
  });

  it("P61: uses a digest as key, which contains no part of the token", async () => {
    const { token } = await issueToken({ user: "alice", secret: SECRET });
    expect(digestOf(token)).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(digestOf(`${token}x`)).not.toBe(digestOf(token));
  });

  it("P6: a verifier returns the cached identity, and refuses the token after it expired", async () => {
    let now = NOW;
    const verifier = createVerifier({ secrets: [SECRET], isUser: () => true, now: () => now });
    const { token, expiresAt } = await issueToken({
      user: "alice",
      secret: SECRET,
      expiresInSeconds: 30,
      now: () => now,
    });
    const first = await verifier.verify(token);
    expect(await verifier.verify(token)).toBe(first);
    now = expiresAt;
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: "token_expired" });
  });

  it("a verifier without a cache verifies every time", async () => {
    const verifier = createVerifier({ secrets: [SECRET], isUser: () => true, cacheSize: 0 });
    const { token } = await issueToken({ user: "alice", secret: SECRET });
    const first = await verifier.verify(token);
    expect(await verifier.verify(token)).not.toBe(first);
  });
});
