import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { auth } from "./auth.ts";
import { ConfigError } from "./config-error.ts";
import { describeEnv } from "./describe.ts";
import { fields } from "./fields.ts";
import { readEnv, type Shape } from "./read.ts";
import { pick } from "./variables.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-secrets-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function fileOf(content: string | Buffer): string {
  const path = join(dir, "secret");
  writeFileSync(path, content);
  return path;
}

function problemOf(shape: Shape, env: Record<string, string>): string {
  try {
    readEnv(shape, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join("\n");
    throw error;
  }
  return "";
}

const redis = pick("REDIS_URL");

describe("a secret in a file", () => {
  it("is read like its variable, without the line end of an editor", () => {
    expect(readEnv(redis, { REDIS_URL_FILE: fileOf("redis://:hunter2@h:1\r\n") })).toEqual({
      REDIS_URL: "redis://:hunter2@h:1",
    });
    const long = "x".repeat(40);
    expect(
      readEnv({ auth: auth() }, { JWT_SECRET_FILE: fileOf(`${long} , ${long}\n`) }).auth.secrets,
    ).toEqual([long, long]);
    const mongo = readEnv(pick("MONGO_URL"), { MONGO_URL_FILE: fileOf("mongodb://u:hunter2@h/parley") });
    expect(mongo.MONGO_URL).toBe("mongodb://u:hunter2@h/parley");
  });

  it("isn't looked for if the variable for the file is empty", () => {
    expect(readEnv(redis, { REDIS_URL: "redis://h", REDIS_URL_FILE: " " })).toEqual({
      REDIS_URL: "redis://h",
    });
    expect(readEnv(redis, { REDIS_URL_FILE: "" })).toEqual({ REDIS_URL: "redis://localhost:6379" });
  });

  it.each([
    [
      "set beside the variable",
      () => ({ REDIS_URL: "redis://hunter2", REDIS_URL_FILE: fileOf("redis://h") }),
      /^REDIS_URL and REDIS_URL_FILE exclude each other/,
    ],
    [
      "missing",
      () => ({ REDIS_URL_FILE: join(dir, "hunter2") }),
      /^REDIS_URL_FILE cannot be read \(ENOENT\)/,
    ],
    ["a directory", () => ({ REDIS_URL_FILE: dir }), /^REDIS_URL_FILE cannot be read \(EISDIR\)/],
    [
      "not a path",
      () => ({ REDIS_URL_FILE: "hunter2\0" }),
      /^REDIS_URL_FILE cannot be read \(ERR_INVALID_ARG_VALUE\)/,
    ],
    ["empty", () => ({ REDIS_URL_FILE: fileOf("\n") }), /^REDIS_URL_FILE names an empty file/],
    [
      "without end",
      () => ({ REDIS_URL_FILE: "/dev/zero" }),
      /^REDIS_URL_FILE names a file of more than 65536 bytes/,
    ],
    ["of another form", () => ({ REDIS_URL_FILE: fileOf("hunter2") }), /^REDIS_URL must be a redis:/],
  ])("is refused, with one line that shows nothing of it: %s", (_what, env, message) => {
    const problem = problemOf(redis, env());
    expect(problem).toMatch(message);
    expect(problem).not.toMatch(/hunter2|\n/);
  });

  it("is described after its variable, and only for secrets", () => {
    const shape = { ...redis, LOG_LEVEL: fields.logLevel(), auth: auth() };
    expect(describeEnv(shape).map(({ name }) => name)).toEqual(
      expect.arrayContaining(["REDIS_URL", "REDIS_URL_FILE", "JWT_SECRET", "JWT_SECRET_FILE", "LOG_LEVEL"]),
    );
    expect(describeEnv(shape).map(({ name }) => name)).not.toContain("LOG_LEVEL_FILE");
    expect(problemOf({ LOG_LEVEL: fields.logLevel() }, { LOG_LEVEL_FILE: "/missing" })).toBe("");
  });
});
