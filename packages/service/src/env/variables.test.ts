import { describe, expect, it } from "vitest";
import { auth } from "./auth.ts";
import { ConfigError } from "./config-error.ts";
import { describeEnv } from "./describe.ts";
import { maxConnectionsFor, maxSocketsFor, maxSocketsPerAddressFor, openFileLimit } from "./open-files.ts";
import { readEnv } from "./read.ts";
import { pick, variables } from "./variables.ts";

const ready = pick(
  "ADMIN_HOST",
  "REDIS_URL",
  "REDIS_NAMESPACE",
  "MONGO_URL",
  "ALLOWED_ORIGINS",
  "TRUST_PROXY",
  "RATE_LIMIT",
  "RATE_LIMIT_BYTES",
  "MAX_UNANSWERED",
  "MAX_CONNECTIONS_PER_USER",
  "MAX_CONNECTIONS_PER_ADDRESS",
  "MAX_CONNECTIONS",
  "MAX_SOCKETS",
  "MAX_SOCKETS_PER_ADDRESS",
  "MAX_CONTENT_BYTES",
  "DEDUPE_WINDOW_MS",
  "DEDUPE_MAX_REFS",
  "BACKLOG_MAX_ENTRIES",
  "BACKLOG_MAX_BYTES",
  "ENTRIES",
  "DURABILITY",
  "ALLOW_WEAK_DURABILITY",
  "REUSE_PORT",
  "DRAIN_MS",
  "READ_RECEIPTS",
  "LOG_LEVEL",
  "LOG_LINES_PER_SECOND",
);

describe("the shared variables", () => {
  it.each([
    ["staging", true],
    ["a-1_b", true],
    ["a".repeat(32), true],
    ["a".repeat(33), false],
    ["Staging", false],
    ["-a", false],
    ["a:b", false],
    ["a/b", false],
    ["{a}", false],
    ["a*", false],
  ])("L38: a namespace in Redis has no character with a meaning in names: %s", (REDIS_NAMESPACE, isValid) => {
    const read = () => readEnv(pick("REDIS_NAMESPACE"), { REDIS_NAMESPACE }).REDIS_NAMESPACE;
    if (isValid) expect(read()).toBe(REDIS_NAMESPACE);
    else expect(read).toThrow(/^REDIS_NAMESPACE must be 1 to 32 of a-z/);
  });

  it("have the documented defaults", () => {
    expect(readEnv(ready, {})).toMatchObject({
      ADMIN_HOST: undefined,
      REDIS_URL: "redis://localhost:6379",
      MONGO_URL: "mongodb://localhost:27017",
      ALLOWED_ORIGINS: undefined,
      RATE_LIMIT: 50,
      RATE_LIMIT_BYTES: undefined,
      MAX_UNANSWERED: 128,
      MAX_CONNECTIONS_PER_USER: 20,
      MAX_CONNECTIONS_PER_ADDRESS: 1_000,
      MAX_CONNECTIONS: maxConnectionsFor(),
      MAX_SOCKETS: maxSocketsFor(),
      MAX_SOCKETS_PER_ADDRESS: maxSocketsPerAddressFor(),
      MAX_CONTENT_BYTES: 8_192,
      DEDUPE_WINDOW_MS: 600_000,
      DEDUPE_MAX_REFS: 10_000_000,
      BACKLOG_MAX_ENTRIES: 200_000,
      BACKLOG_MAX_BYTES: 268_435_456,
      DURABILITY: "local",
      ALLOW_WEAK_DURABILITY: false,
      REUSE_PORT: false,
      DRAIN_MS: 20_000,
      READ_RECEIPTS: true,
      LOG_LEVEL: "info",
      LOG_LINES_PER_SECOND: 20,
    });
  });

  it("all have a description, and a documented default if they have one", () => {
    const perApp = {
      PORT: variables.PORT(8080),
      ADMIN_PORT: variables.ADMIN_PORT(9080),
      HOST: variables.HOST("127.0.0.1"),
      DATA_DIR: variables.DATA_DIR("./data"),
    };
    const described = describeEnv({ ...perApp, ...ready, auth: auth() });
    for (const { name, description } of described) expect(description, name).toMatch(/^.{20,}$/);
    expect(new Set(described.map(({ name }) => name))).toEqual(
      new Set([
        ...Object.keys(variables),
        ...["JWT_SECRET", "JWT_JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE", "AUTH_DEV_TOKENS", "NODE_ENV"],
        ...["JWT_NBF_TOLERANCE_MS", "MAX_TOKEN_AGE", "MAX_TOKENS_WAITING", "MAX_TOKENS_WAITING_PER_ADDRESS"],
        ...["REDIS_URL_FILE", "MONGO_URL_FILE", "JWT_SECRET_FILE"],
      ]),
    );
    const undocumented = described
      .filter((variable) => variable.default === undefined && !variable.name.endsWith("_FILE"))
      .map(({ name }) => name);
    const required = [
      "JWT_SECRET",
      "JWT_JWKS_URL",
      "JWT_ISSUER",
      "JWT_AUDIENCE",
      "MAX_TOKEN_AGE",
      "NODE_ENV",
    ];
    expect(undocumented).toEqual(required);
    expect(described.find(({ name }) => name === "DATA_DIR")?.default).toBe("./data");
  });

  it("ALLOWED_ORIGINS accepts origins in any spelling and nothing else", () => {
    const read = (text: string) =>
      readEnv(pick("ALLOWED_ORIGINS"), { ALLOWED_ORIGINS: text }).ALLOWED_ORIGINS;
    expect(read("https://Chat.Example.com/, http://localhost:80")).toEqual([
      "https://chat.example.com",
      "http://localhost",
    ]);
    expect(read("*")).toEqual(["*"]);
    expect(read("http://localhost:*,https://[::1]:*")).toEqual(["http://localhost:*", "https://[::1]:*"]);
    for (const bad of [
      "http://a.example:*",
      "chat.example.com",
      "https://a/path",
      "https://u@a",
      "https://*.a",
      "null",
      "ws://a",
    ])
      expect(() => read(bad), bad).toThrow(ConfigError);
  });

  it("TRUST_PROXY accepts addresses and networks and nothing else", () => {
    const read = (text: string) => readEnv(pick("TRUST_PROXY"), { TRUST_PROXY: text }).TRUST_PROXY;
    expect(read("10.0.0.0/8, ::1").trusts("10.1.2.3")).toBe(true);
    expect(read("10.0.0.0/8, ::1").trusts("11.1.2.3")).toBe(false);
    for (const bad of [
      "true",
      "10.0.0.0/33",
      "10.0.0/8",
      "::/129",
      "a/8",
      "10.0.0.0/",
      "10.0.0.0/8/8",
      "proxy.example",
    ])
      expect(() => read(bad), bad).toThrow(ConfigError);
  });

  it("P12: a content limit larger than a frame can carry is refused", () => {
    expect(() => readEnv(pick("MAX_CONTENT_BYTES"), { MAX_CONTENT_BYTES: "65536" })).toThrow(/64,512/);
  });

  it("P41: a drain longer than the process may take to stop is refused", () => {
    expect(() => readEnv(pick("DRAIN_MS"), { DRAIN_MS: "25000" })).toThrow(/24,000/);
  });
});

describe("the connection limit derived from the open-file limit", () => {
  it.each([
    ["Max open files            1024                 524288               files", 1_024],
    ["Max open files            unlimited            unlimited            files", 1_000_000],
    ["Max open files            9223372036854775807  unlimited            files", 1_000_000],
    ["nothing of the kind", 1_024],
  ])("reads %o", (line, expected) => {
    expect(
      openFileLimit(() => `Limit  Soft Limit  Hard Limit  Units\n${line}\nMax processes 7 7 processes`),
    ).toBe(expected);
  });

  it("falls back if the limits file doesn't exist", () => {
    const read = (): string => {
      throw new Error("ENOENT");
    };
    expect(openFileLimit(read)).toBe(1_024);
  });

  it("leaves a reserve, and at least half of a small limit", () => {
    expect([1_024, 256, 100, 1].map((limit) => maxConnectionsFor(limit))).toEqual([896, 128, 50, 1]);
  });

  it("leaves a smaller reserve of sockets, so that a gateway full of connections still answers requests", () => {
    expect([1_024, 256, 100, 1].map((limit) => maxSocketsFor(limit))).toEqual([928, 160, 50, 1]);
  });

  it("gives one address a quarter of the sockets, and no more than a large network needs", () => {
    expect([20_000, 1_024, 256, 1].map((limit) => maxSocketsPerAddressFor(limit))).toEqual([
      1_000, 232, 40, 1,
    ]);
  });
});
