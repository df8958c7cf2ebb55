import { describe, expect, it } from "vitest";
import { hasUnknownParameters, refuseUnknownParameters } from "./query-parameters.ts";

describe("query parameters", () => {
  it.each([
    ["/send", false],
    ["/send?", false],
    ["/send?&", false],
    ["/send#?x=1", false],
    ["/feed?limit=1&after=x&limit=2", false],
    ["/feed?limit", false],
    ["/feed?LIMIT=1", true],
    ["/feed?limit=1&x", true],
    ["/feed?limit=1?x=2", false],
    ["/feed?x?limit=1", true],
    ["/feed?limit%00=1", true],
    ["/feed?=1", true],
    ["/feed?__proto__=1", true],
  ])("P64: %s has unknown ones: %s", (url, expected) => {
    expect(hasUnknownParameters(url, ["limit", "after"])).toBe(expected);
  });

  it("P64: a refusal names the known ones, and repeats nothing of the request", () => {
    const refuse = (known: readonly string[]) => () => refuseUnknownParameters("/feed?eyJhbGciOi=1", known);
    expect(refuse(["limit", "after"])).toThrow("Only these query parameters exist here: limit, after.");
    expect(refuse([])).toThrow("This route has no query parameters. Remove them.");
    for (const known of [[], ["limit"]]) expect(refuse(known)).not.toThrow(/eyJ/);
    expect(() => refuseUnknownParameters("/feed?limit=1", ["limit"])).not.toThrow();
  });
});
