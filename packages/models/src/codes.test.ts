import { describe, expect, it } from "vitest";
import { ChatError, CLOSE, ERRORS, type ErrorCode } from "./codes.ts";

const entries = Object.entries(ERRORS) as [ErrorCode, (typeof ERRORS)[ErrorCode]][];

describe("the catalogue of errors", () => {
  it("P30: every code has a plain name, a sentence and a matching status", () => {
    for (const [code, { status, temporary, message }] of entries) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(message, code).toMatch(/^[A-Z].*\.$/);
      expect(status, code).toBeGreaterThanOrEqual(400);
      // Client errors are permanent unless they are about load. Server errors are temporary.
      expect(temporary, code).toBe(status === 429 || status >= 500);
    }
  });

  it("G4: an error says if a retry may succeed, and when", () => {
    const full = new ChatError("backlog_full", { retryAfterMs: 1500 });
    expect(full).toMatchObject({
      code: "backlog_full",
      temporary: true,
      retryAfterMs: 1500,
      name: "ChatError",
    });
    expect(full.message).toBe(ERRORS.backlog_full.message);
    const cause = new Error("why");
    const bad = new ChatError("invalid_parameter", { message: "limit is 1 to 1000", cause });
    expect(bad).toMatchObject({ temporary: false, message: "limit is 1 to 1000", cause });
    expect(bad.retryAfterMs).toBeUndefined();
  });

  it("P40: close codes are standard ones or in the private range", () => {
    for (const code of Object.values(CLOSE)) {
      expect((code >= 1000 && code <= 1013) || (code >= 4000 && code <= 4999), String(code)).toBe(true);
    }
    // A client reconnects after all of these, but a blocked user doesn't.
    for (const code of [CLOSE.tokenExpired, CLOSE.tooSlow, CLOSE.tokenRevoked])
      expect(code).toBeLessThan(4500);
    expect(CLOSE.userBlocked).toBeGreaterThanOrEqual(4500);
  });
});
