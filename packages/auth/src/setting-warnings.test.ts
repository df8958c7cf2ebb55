import { describe, expect, it } from "vitest";
import type { AuthEvent } from "./events.ts";
import { warningsOf } from "./setting-warnings.ts";
import { createVerifier } from "./verifier.ts";

describe("warnings about settings", () => {
  it.each([
    [{ jwksUrl: "https://id.example/keys", audience: "chat" }, []],
    [{ jwksUrl: "http://localhost:3000/keys", audience: "chat" }, []],
    [{ jwksUrl: "https://id.example/keys" }, ["JWT_AUDIENCE"]],
    [{ jwksUrl: "http://id.example/keys", audience: "chat" }, ["https"]],
    [{ jwksUrl: "http://localhost.example/keys" }, ["JWT_AUDIENCE", "https"]],
    [{}, []],
  ])("P61: %j has the warnings %j", (settings, expected) => {
    const fixes = warningsOf(settings).map(({ fix }) => fix);
    expect(fixes).toEqual(expected.map((text) => expect.stringContaining(text)));
  });

  it("P61: a verifier reports them once, when it is created", () => {
    const events: AuthEvent[] = [];
    const jwksUrl = "https://id.example/keys";
    createVerifier({ jwksUrl, isUser: () => true, observe: (event) => events.push(event) });
    expect(events).toEqual([
      { type: "warning", text: expect.stringMatching(/other applications.*JWT_AUDIENCE/) },
    ]);
  });
});
