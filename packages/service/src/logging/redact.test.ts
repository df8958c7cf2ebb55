import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactText, redactUrl } from "./redact.ts";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg";

describe("redactUrl", () => {
  it.each([
    ["redis://localhost:6379", "redis://localhost:6379"],
    ["redis://:hunter2@host:6379/1", "redis://host:6379/1"],
    ["rediss://user:hunter2@host", "rediss://host"],
    ["redis://user:hun/ter2@host/1", "redis://host/1"],
    ["redis+sentinel://:hunter2@a:1,b/m?sentinelPassword=hunter2", "redis+sentinel://a:1,b/m"],
    ["redis://user:hunter@2@host", "redis://host"],
    ["redis://user:hun?ter2@host", "redis://[redacted]"],
    [
      "mongodb://u:hunter2@a:1,b:2/db?authSource=admin&tlsCertificateKeyFilePassword=hunter2",
      "mongodb://a:1,b:2/db",
    ],
    ["https://host/keys?api_key=hunter2#hunter2", "https://host/keys"],
    ["https://host/keys?user=hunter2@host", "https://[redacted]"],
    ["hunter2", "[redacted]"],
    ["", "[redacted]"],
    ["redis://a\nhunter2", "[redacted]"],
  ])("G4: %s", (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  it("G4: never shows user, password or query, whatever they contain", () => {
    const secret = fc.string({ minLength: 1 }).map((text) => `hunter2${text}hunter2`);
    fc.assert(
      fc.property(secret, secret, secret, (user, password, query) => {
        expect(redactUrl(`redis://${user}:${password}@host:1/0?a=${query}`)).not.toContain("hunter2");
        expect(redactUrl(`redis://:${password}@host:1/0`)).not.toContain("hunter2");
      }),
    );
  });
});

describe("redactText", () => {
  it.each([
    ["a token", `token ${JWT} refused`, "token [redacted] refused"],
    ["one cut short", `token ${JWT.slice(0, 45)}… refused`, "token [redacted]… refused"],
    ["a header", `Authorization: Bearer ${JWT}`, "Authorization: bearer [redacted]"],
    ["an opaque one in a header", "authorization: bearer abc123==", "authorization: bearer [redacted]"],
    ["a subprotocol", `chat.v1, bearer.${JWT}`, "chat.v1, bearer.[redacted]"],
    ["a password in a URL", "connect redis://u:hunter2@h:1 failed", "connect redis://[redacted]@h:1 failed"],
    [
      "one in a URL's query",
      "redis+sentinel://a,b/m?sentinelPassword=hunter2",
      "redis+sentinel://a,b/m?sentinelPassword=[redacted]",
    ],
    ["an unescaped one", "connect redis://u:hun/ter@2@h failed", "connect redis://[redacted]@h failed"],
  ])("G4: hides %s", (_what, text, shown) => {
    expect(redactText(text)).toBe(shown);
  });

  it("G4: hides tokens after an escape too, as in a line that is already JSON", () => {
    const line = JSON.stringify({ msg: `first\n${JWT}\nBearer ${JWT}\u0001${JWT}\nredis://u:hunter2@h` });
    expect(redactText(line)).not.toMatch(/eyJhbG|hunter2/);
    expect(JSON.parse(redactText(line))).toHaveProperty("msg");
  });

  it.each([
    "history-api.parley-production.svc.cluster.local refused",
    "1750000000000-0000000001-00",
    "redis://localhost:6379 is back; mail bob@example.org",
    "eyes.on.the.prize",
  ])("leaves %s alone", (text) => {
    expect(redactText(text)).toBe(text);
  });

  it("G5: takes at most linear time on long hostile text", () => {
    const lengths = [
      "a://".repeat(250_000),
      "a".repeat(1_000_000),
      "ey-".repeat(300_000),
      "bearer ".repeat(150_000),
      "password=".repeat(100_000),
    ];
    const startedAt = performance.now();
    for (const text of lengths) redactText(text);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
