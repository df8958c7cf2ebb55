import { describe, expect, it } from "vitest";
import { digestOf, IdentityCache } from "./cache.ts";
import { issueToken } from "./issue.ts";
import { createVerifier } from "./verifier.ts";

const NOW = 1_750_000_000_000;
const SECRET = "the first secret, 32 bytes or more";

/** Clocks that a test sets by itself. */
function testClocks() {
  const time = { wall: NOW, steady: 0 };
  return { time, clocks: { wallTime: () => time.wall, now: () => time.steady } };
}

function identity(user: string, expiresAt = NOW + 3_600_000) {
  return { user, scopes: new Set<string>(), issuedAt: 0, expiresAt };
}

describe("the identity cache", () => {
  it("P6: returns no identity after its token expired", () => {
    const { time, clocks } = testClocks();
    const cache = new IdentityCache(10, clocks);
    cache.set("a", identity("alice", NOW + 1_000));
    time.wall = NOW + 999;
    expect(cache.get("a")?.user).toBe("alice");
    time.wall = NOW + 1_000;
    expect(cache.get("a")).toBeUndefined();
    expect(cache.entries).toBe(0);
  });

  it.each([0, -3_600_000, 600_000])(
    "P61: forgets an entry after a minute, if the wall clock is set by %i ms",
    (ms) => {
      const { time, clocks } = testClocks();
      const cache = new IdentityCache(10, clocks);
      cache.set("a", identity("alice"));
      time.wall += ms;
      time.steady = 59_999;
      expect(cache.get("a")?.user).toBe("alice");
      time.steady = 60_000;
      expect(cache.get("a")).toBeUndefined();
    },
  );

  it("G5: is bounded and evicts the oldest entry first", () => {
    const cache = new IdentityCache(2, testClocks().clocks);
    for (const user of ["alice", "bob", "alice", "carol"]) cache.set(user, identity(user));
    expect(cache.entries).toBe(2);
    expect(cache.get("bob")).toBeUndefined();
    expect(cache.get("alice")?.user).toBe("alice");
    expect(cache.get("carol")?.user).toBe("carol");
  });

  it("G5: a user with many tokens evicts only tokens of that user", () => {
    const cache = new IdentityCache(100, testClocks().clocks);
    cache.set("bob's", identity("bob"));
    for (let n = 0; n < 1_000; n++) cache.set(`mallory's ${n}`, identity("mallory"));
    expect(cache.get("bob's")?.user).toBe("bob");
    expect(cache.get("mallory's 999")?.user).toBe("mallory");
    expect(cache.entries).toBe(33);
  });

  it("stores nothing with size 0", () => {
    const cache = new IdentityCache(0, testClocks().clocks);
    cache.set("a", identity("alice"));
    expect(cache.entries).toBe(0);
  });

  it("P61: uses a digest as key, which contains no part of the token", async () => {
    const { token } = await issueToken({ user: "alice", secret: SECRET });
    expect(digestOf(token)).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(digestOf(`${token}x`)).not.toBe(digestOf(token));
  });

  it("P6: a verifier returns the cached identity, and refuses the token after it expired", async () => {
    const { time, clocks } = testClocks();
    const verifier = createVerifier({ secrets: [SECRET], isUser: () => true, clocks });
    const { token, expiresAt } = await issueToken({
      user: "alice",
      secret: SECRET,
      expiresInSeconds: 30,
      now: clocks.wallTime,
    });
    const first = await verifier.verify(token);
    expect(await verifier.verify(token)).toBe(first);
    time.wall = expiresAt;
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: "token_expired" });
  });

  it("a verifier without a cache verifies every time", async () => {
    const verifier = createVerifier({ secrets: [SECRET], isUser: () => true, cacheSize: 0 });
    const { token } = await issueToken({ user: "alice", secret: SECRET });
    const first = await verifier.verify(token);
    expect(await verifier.verify(token)).not.toBe(first);
  });
});
