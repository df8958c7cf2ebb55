import { describe, expect, it } from "vitest";
import { appFor, ROUTES } from "./routes.ts";

describe("public routes", () => {
  it.each([
    ["/ws", "gateway"],
    ["/send", "gateway"],
    ["/send/", undefined],
    ["/auth/token", "gateway"],
    ["/assets/index-4f2a.js", "gateway"],
    ["/messages", "history-api"],
    ["/messages/", "history-api"],
    ["/messages/alice", "history-api"],
    ["/conversations", "history-api"],
    ["/conversations/", undefined],
    ["/sync", "history-api"],
    ["/", undefined],
    ["/wsx", undefined],
    ["/ws/", undefined],
    ["/messagesx", undefined],
    ["/auth", undefined],
    ["/healthz", undefined],
    ["/metrics", undefined],
    ["//messages", undefined],
    ["", undefined],
  ])("%s goes to %s", (path, app) => {
    expect(appFor(path)).toBe(app);
  });

  it("maps every route of the table to its app", () => {
    for (const { path, app } of ROUTES) expect(appFor(path)).toBe(app);
  });
});
