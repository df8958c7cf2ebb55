import { describe, expect, it } from "vitest";
import { tokenRequest, UsageError } from "./token-request.ts";

describe("the token command's line", () => {
  it("names a user, for an hour and without scopes where nothing else is said", () => {
    const request = { type: "token", user: "alice", scopes: [], expiresInSeconds: 3_600 };
    expect(tokenRequest(["alice"])).toEqual(request);
  });

  it("takes scopes and a duration, in any order", () => {
    const argv = ["--scope", "ops", "--expires=7d", "alice@example.com", "--scope", "history:read"];
    const request = { user: "alice@example.com", scopes: ["ops", "history:read"], expiresInSeconds: 604_800 };
    expect(tokenRequest(argv)).toMatchObject(request);
    expect(tokenRequest(["a", "--expires", "90s"])).toMatchObject({ expiresInSeconds: 90 });
    expect(tokenRequest(["a", "--expires", "15m"])).toMatchObject({ expiresInSeconds: 900 });
  });

  it("asks for help", () => {
    expect(tokenRequest(["-h"])).toEqual({ type: "help" });
  });

  it.each([
    [[], "name one user"],
    [["alice", "bob"], "name one user"],
    [["not a name"], "no username"],
    [["alice", "--expires", "soon"], "--expires must be like"],
    [["alice", "--expires", "0h"], "--expires must be like"],
    [["alice", "--scpoe", "ops"], "--scpoe"],
  ])("refuses %j: %s", (argv, says) => {
    expect(() => tokenRequest(argv)).toThrow(UsageError);
    expect(() => tokenRequest(argv)).toThrow(says);
  });
});
