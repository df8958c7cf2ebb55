import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { ConfigError } from "./config-error.ts";
import { fields } from "./fields.ts";
import { readEnv } from "./read.ts";

const REFUSED = "refused";

function read(field: z.ZodType, text: string): unknown {
  try {
    return readEnv({ X: field }, { X: text }).X;
  } catch (error) {
    if (error instanceof ConfigError) return REFUSED;
    throw error;
  }
}

describe("fields", () => {
  it.each<[string, z.ZodType, string, unknown]>([
    ["port", fields.port(1), "0", 0],
    ["port", fields.port(1), "65535", 65_535],
    ["port", fields.port(1), "65536", REFUSED],
    ["port", fields.port(1), "-1", REFUSED],
    ["port", fields.port(1), "8080.5", REFUSED],
    ["port", fields.port(1), "0x50", REFUSED],
    ["port", fields.port(1), "1e3", REFUSED],
    ["port", fields.port(1), "٨٠", REFUSED],
    ["count", fields.count(1), "0", REFUSED],
    ["count", fields.count(1), "9007199254740991", 9_007_199_254_740_991],
    ["count", fields.count(1), "9007199254740993", REFUSED],
    ["count", fields.count(1), "Infinity", REFUSED],
    ["limit", fields.limit(1), "0", Number.POSITIVE_INFINITY],
    ["limit", fields.limit(1), "7", 7],
    ["milliseconds", fields.milliseconds(1), "0", 0],
    ["milliseconds", fields.milliseconds(1), "2147483648", REFUSED],
    ["milliseconds", fields.milliseconds(1), "10s", REFUSED],
    ["bytes", fields.bytes(1, { max: 10 }), "11", REFUSED],
    ["flag", fields.flag(false), "true", true],
    ["flag", fields.flag(true), "false", false],
    ["flag", fields.flag(true), "yes", REFUSED],
    ["host", fields.host("x"), "::1", "::1"],
    ["host", fields.host("x"), "0.0.0.0", "0.0.0.0"],
    ["host", fields.host("x"), "my-host.example", "my-host.example"],
    ["host", fields.host("x"), "http://host", REFUSED],
    ["host", fields.host("x"), "a b", REFUSED],
    ["list", fields.list(), "a, b,,c ", ["a", "b", "c"]],
    ["list", fields.list(), ",", REFUSED],
    ["directory", fields.directory("x"), "some/where", resolve("some/where")],
    ["directory", fields.directory("x"), "some\0where", REFUSED],
    ["redisUrl", fields.redisUrl(), "redis://user:p%40ss@host:6379/1", "redis://user:p%40ss@host:6379/1"],
    ["redisUrl", fields.redisUrl(), "rediss://host", "rediss://host"],
    ["redisUrl", fields.redisUrl(), "redis+sentinel://a:1,b/chat", "redis+sentinel://a:1,b/chat"],
    ["redisUrl", fields.redisUrl(), "rediss+sentinel://:p%40@[::1]/m/2", "rediss+sentinel://:p%40@[::1]/m/2"],
    [
      "redisUrl",
      fields.redisUrl(),
      "redis+sentinel://a/m?sentinelPassword=x",
      "redis+sentinel://a/m?sentinelPassword=x",
    ],
    ["redisUrl", fields.redisUrl(), "redis+sentinel://a:26379", REFUSED],
    ["redisUrl", fields.redisUrl(), "redis+sentinel://a,,b/m", REFUSED],
    ["redisUrl", fields.redisUrl(), "redis+sentinel://a/m/n", REFUSED],
    ["redisUrl", fields.redisUrl(), "redis+sentinel://a/m?password=x", REFUSED],
    ["redisUrl", fields.redisUrl(), "host:6379", REFUSED],
    ["redisUrl", fields.redisUrl(), "redis://", REFUSED],
    ["redisUrl", fields.redisUrl(), "http://host", REFUSED],
    ["mongoUrl", fields.mongoUrl(), "mongodb://a:1,b:2/db?replicaSet=r", "mongodb://a:1,b:2/db?replicaSet=r"],
    ["mongoUrl", fields.mongoUrl(), "mongodb+srv://u:p@cluster.example", "mongodb+srv://u:p@cluster.example"],
    ["mongoUrl", fields.mongoUrl(), "mongodb://", REFUSED],
    ["mongoUrl", fields.mongoUrl(), "mongodb://a b", REFUSED],
    ["httpUrl", fields.httpUrl(), "https://id.example/keys", "https://id.example/keys"],
    ["httpUrl", fields.httpUrl(), "javascript:alert(1)", REFUSED],
    ["httpUrl", fields.httpUrl(), "file:///etc/passwd", REFUSED],
    ["logLevel", fields.logLevel(), "debug", "debug"],
    ["logLevel", fields.logLevel(), "DEBUG", REFUSED],
    ["logLevel", fields.logLevel(), "constructor", REFUSED],
    ["logLevel", fields.logLevel(), "__proto__", REFUSED],
  ])("%s #%#: %o", (_kind, field, text, expected) => {
    expect(read(field, text)).toEqual(expected);
  });

  it("computes a default given as a function, and makes a relative directory absolute", () => {
    expect(readEnv({ X: fields.limit(() => 7), DIR: fields.directory("./data") }, {})).toEqual({
      X: 7,
      DIR: resolve("data"),
    });
  });

  it("turns any text into a value of the right type or a ConfigError", () => {
    const all = [
      fields.port(1),
      fields.host("x"),
      fields.flag(false),
      fields.limit(1),
      fields.list(),
      fields.directory("x"),
      fields.redisUrl(),
      fields.mongoUrl(),
      fields.logLevel(),
    ];
    const hostile = fc.oneof(fc.string({ unit: "binary" }), fc.webUrl(), fc.integer().map(String));
    fc.assert(
      fc.property(hostile, fc.constantFrom(...all), (text, field) => {
        const value = read(field, text);
        if (typeof value === "number") expect(value).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
