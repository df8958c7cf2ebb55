import type { IncomingMessage } from "node:http";
import { expect, it } from "vitest";
import { acceptsGzip } from "./accepts-gzip.ts";

it.each([
  ["gzip", true],
  ["gzip, deflate, br", true],
  ["br;q=1.0, GZIP;q=0.5", true],
  ["*", true],
  ["br", false],
  ["", false],
  ["gzip;q=0", false],
  ["gzip; q=0.000, *", false],
  ["*;q=0", false],
  ["x-gzipped", false],
  ["gzip;q=nonsense", false],
  [undefined, false],
  [`${"br,".repeat(31)}gzip`, true],
  [`${"br,".repeat(32)}gzip`, false],
  [`gzip${";".repeat(3)}q=0`, false],
  [`gzip${";".repeat(4)}q=0`, true],
])("Accept-Encoding: %s", (value, expected) => {
  const headers = value === undefined ? {} : { "accept-encoding": value };
  expect(acceptsGzip({ headers } as IncomingMessage)).toBe(expected);
});
