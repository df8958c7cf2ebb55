import { describe, expect, it } from "vitest";
import { digestOf, IdentityCache } from "./cache.ts";
import { issueToken } from "./issue.ts";
import { createVerifier } from "./verifier.ts";

const NOW = 1_750_000_000_000;
const SECRET = "the first secret, 32 bytes or more";

function identity(user: string, expiresAt = NOW + 3_600_000) {
  return { user, scopes: new Set<string>(), expiresAt };
}

describe("remembered tokens", () => {
  it("P6: are never valid past their end", () => {
    const cache = new IdentityCache(10);
    cache.set("a", identity("alice", NOW + 1_000), NOW);
    expect(cache.get("a", NOW + 999)?.user).toBe("alice");
    expect(cache.get("a", NOW + 1_000)).toBeUndefined();
    expect(cache.entries).toBe(0);
  });

  it("P61: are looked at again after a minute, and when the clock was set back", () => {
    const cache = new IdentityCache(10);
    cache.set("a", identity("alice"), NOW);
    expect(cache.get("a", NOW + 59_999)?.user).toBe("alice");
    expect(cache.get("a", NOW + 60_000)).toBeUndefined();
    cache.set("a", identity("alice"), NOW);
    expect(cache.get("a", NOW - 1)).toBeUndefined();
  });

  it("G5: are bounded, and the oldest goes first", () => {
    const cache = new IdentityCache(2);
    for (const user of ["alice", "bob", "alice", "carol"]) cache.set(user, identity(user), NOW);
    expect(cache.entries).toBe(2);
    expect(cache.get("bob", NOW)).toBeUndefined();
    expect(cache.get("alice", NOW)?.user).toBe("alice");
    expect(cache.get("carol", NOW)?.user).toBe("carol");
  });

  it("size 0 remembers nothing", () => {
    const cache = new IdentityCache(0);
    cache.set("a", identity("alice"), NOW);
    expect(cache.entries).toBe(0);
  });

  it("P61: the key is a digest and holds no part of the token", async () => {
    const { token } = await issueToken({ user: "alice", secret: SECRET });
    expect(digestOf(token)).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(digestOf(`${token}x`)).not.toBe(digestOf(token));
  });

  it("P6: a verifier gives the same identity again, and refuses it after its end", async () => {
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

  it("without a cache every look is a new one", async () => {
    const verifier = createVerifier({ secrets: [SECRET], isUser: () => true, cacheSize: 0 });
    const { token } = await issueToken({ user: "alice", secret: SECRET });
    const first = await verifier.verify(token);
    expect(await verifier.verify(token)).not.toBe(first);
  });
});
