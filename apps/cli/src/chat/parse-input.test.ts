import { isUsername } from "@parley/models";
import { describe, expect, it } from "vitest";
import { typed } from "./parse-input.ts";

describe("a typed line", () => {
  it.each([
    ["", { type: "nothing" }],
    ["   ", { type: "nothing" }],
    ["hello / world", { type: "say", text: "hello / world" }],
    ["//to bob", { type: "say", text: "/to bob" }],
    ["/to bob", { type: "to", user: "bob" }],
    ["/public", { type: "to", user: "" }],
    ["/history", { type: "history", count: 20 }],
    ["/history 5", { type: "history", count: 5 }],
    ["/help", { type: "help" }],
    ["/quit ", { type: "quit" }],
  ])("%j", (line, expected) => {
    expect(typed(line, isUsername)).toEqual(expected);
  });

  it.each(["/to", "/to no/body", "/to bob and alice", "/history 0", "/history 1001", "/history x", "/exit"])(
    "%j is a mistake, and is not sent",
    (line) => {
      expect(typed(line, isUsername)).toMatchObject({ type: "mistake", says: expect.any(String) });
    },
  );
});
