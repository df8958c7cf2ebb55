import { isUsername } from "@parley/models";
import { describe, expect, it } from "vitest";
import { parseInput } from "./parse-input.ts";

describe("a line of chat input", () => {
  it.each([
    ["", { type: "nothing" }],
    ["   ", { type: "nothing" }],
    ["hello / world", { type: "say", text: "hello / world" }],
    ["//to bob", { type: "say", text: "/to bob" }],
    ["/to bob", { type: "to", user: "bob" }],
    // BENGALI LETTER YYA, whose composed form has two characters.
    ["/to ন\u09dfন", { type: "to", user: "ন\u09af\u09bcন" }],
    ["/public", { type: "to", user: "" }],
    ["/history", { type: "history", count: 20 }],
    ["/history 5", { type: "history", count: 5 }],
    ["/edit  two  words ", { type: "edit", text: "two  words" }],
    ["/delete", { type: "delete" }],
    ["/help", { type: "help" }],
    ["/quit ", { type: "quit" }],
  ])("%j is parsed", (line, expected) => {
    expect(parseInput(line, isUsername)).toEqual(expected);
  });

  it.each([
    "/to",
    "/to no/body",
    "/to \u3164",
    "/to bob and alice",
    "/history 0",
    "/history 1001",
    "/history x",
    "/edit ",
    "/delete this",
    "/exit",
  ])("%j is invalid, and isn't sent", (line) => {
    expect(parseInput(line, isUsername)).toMatchObject({ type: "invalid", reason: expect.any(String) });
  });
});
