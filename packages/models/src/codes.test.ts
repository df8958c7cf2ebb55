import { describe, expect, it } from "vitest";
import { ChatError, CLOSE, ERRORS, type ErrorCode } from "./codes.ts";

const entries = Object.entries(ERRORS) as [ErrorCode, (typeof ERRORS)[ErrorCode]][];

describe("the catalogue of errors", () => {
  it("P30: every code has a plain name, a sentence and a status of its kind", () => {
    for (const [code, { status, temporary, message }] of entries) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(message, code).toMatch(/^[A-Z].*\.$/);
      expect(status, code).toBeGreaterThanOrEqual(400);
      // A refusal is permanent unless it is about load; a failure of ours may pass.
      expect(temporary, code).toBe(status === 429 || status >= 500);
    }
  });

  it("G4: an error says whether trying again helps, and when", () => {
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

  it("P40: our own close codes say whether to connect again; the others are the standard's", () => {
    for (const code of Object.values(CLOSE)) {
      expect((code >= 1000 && code <= 1013) || (code >= 4000 && code <= 4999), String(code)).toBe(true);
    }
    // Both that are ours want a new connection.
    for (const code of [CLOSE.tokenExpired, CLOSE.tooSlow]) expect(code).toBeLessThan(4500);
  });
});
