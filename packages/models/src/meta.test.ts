import { describe, expect, it } from "vitest";
import { decodeBodyWithMeta, encodeBody } from "./body.ts";
import { isMeta, MAX_META_BYTES } from "./meta.ts";

describe("meta", () => {
  it("P72: is carried as text, unchanged", () => {
    for (const meta of [
      '{"n":12345678901234567890}',
      '{ "b":1,"a":2, "b":3 }',
      '{"__proto__":{"x":1}}',
      "{}",
    ]) {
      const body = encodeBody({ from: "alice", to: "", content: "x", meta });
      expect(decodeBodyWithMeta(body)).toMatchObject({ meta });
    }
  });

  it.each([
    ["{}", true],
    ['{"a":[1,{"b":null}]}', true],
    ["[]", false],
    ["null", false],
    ['"text"', false],
    ["{", false],
    ['{},"from":"mallory"', false],
    [`{"a":"${"x".repeat(MAX_META_BYTES - 8)}"}`, true],
    [`{"a":"${"x".repeat(MAX_META_BYTES - 7)}"}`, false],
    [`{"a":"${"é".repeat(600)}"}`, false],
    [`{"a":${"[".repeat(15)}${"]".repeat(15)}}`, true],
    [`{"a":${"[".repeat(16)}${"]".repeat(16)}}`, false],
    [`{"a":${"[".repeat(500)}${"]".repeat(500)}}`, false],
  ])("P72: %s is a meta: %s", (text, expected) => {
    expect(isMeta(text)).toBe(expected);
  });
});
