import { ParleyError } from "@parley/client";
import { ConfigError } from "@parley/service/env";
import { expect, it } from "vitest";
import { EXIT, Failure, failureOf } from "./failure.ts";

const of = (code: string, details = {}) => failureOf(new ParleyError(code, "why", details))?.exitCode;

it.each([
  ["unreachable", { temporary: true }, EXIT.unreachable],
  ["unavailable", { temporary: true }, EXIT.unreachable],
  ["not_sent", {}, EXIT.unreachable],
  ["outcome_unknown", { mayHaveGoneThrough: true }, EXIT.failed],
  ["unauthorized", {}, EXIT.refused],
  ["content_too_long", {}, EXIT.refused],
  ["refused", {}, EXIT.refused],
  ["invalid_option", {}, EXIT.usage],
])("%s %o ends with its exit code", (code, details, expected) => {
  expect(of(code, details)).toBe(expected);
});

it("says what is under a token that could not be had, and nothing of a fault of our own", () => {
  const cause = new Failure(EXIT.unreachable, "no server");
  expect(of("token_failed", { temporary: true, cause })).toBe(EXIT.unreachable);
  expect(failureOf(new ConfigError("JWT_SECRET is bad"))?.exitCode).toBe(EXIT.usage);
  expect(failureOf(new TypeError("a bug"))).toBeUndefined();
});
