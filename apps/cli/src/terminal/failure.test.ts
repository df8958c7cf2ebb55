import { ParleyError } from "@parley/client";
import { ConfigError } from "@parley/service/env";
import { expect, it } from "vitest";
import { EXIT, Failure, toFailure } from "./failure.ts";

const exitCodeFor = (code: string, details = {}) =>
  toFailure(new ParleyError(code, "why", details))?.exitCode;

it.each([
  ["unreachable", { temporary: true }, EXIT.unreachable],
  ["unavailable", { temporary: true }, EXIT.unreachable],
  ["not_sent", {}, EXIT.unreachable],
  ["outcome_unknown", { mayHaveGoneThrough: true }, EXIT.failed],
  ["unauthorized", {}, EXIT.refused],
  ["content_too_long", {}, EXIT.refused],
  ["refused", {}, EXIT.refused],
  ["invalid_option", {}, EXIT.usage],
])("%s %o has its exit code", (code, details, expected) => {
  expect(exitCodeFor(code, details)).toBe(expected);
});

it("a failed token has the exit code of its cause, and a bug in this program is no Failure", () => {
  const cause = new Failure(EXIT.unreachable, "no server");
  expect(exitCodeFor("token_failed", { temporary: true, cause })).toBe(EXIT.unreachable);
  expect(toFailure(new ConfigError("JWT_SECRET is bad"))?.exitCode).toBe(EXIT.usage);
  expect(toFailure(new TypeError("a bug"))).toBeUndefined();
});
