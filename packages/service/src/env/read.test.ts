import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { ConfigError } from "./config-error.ts";
import { describeEnv } from "./describe.ts";
import { fields } from "./fields.ts";
import { group, readEnv, type Shape } from "./read.ts";
import { pick, variables } from "./variables.ts";

function problemsOf(shape: Shape, env: Record<string, string | undefined>): readonly string[] {
  try {
    readEnv(shape, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("readEnv", () => {
  it("returns typed values, and defaults for unset variables", () => {
    const shape = {
      PORT: variables.PORT(8080),
      ...pick("REDIS_URL", "TRUST_PROXY", "ALLOWED_ORIGINS", "LOG_LEVEL"),
    };
    const env = readEnv(shape, { PORT: "9000" });
    expect(env).toMatchObject({ PORT: 9000, REDIS_URL: "redis://localhost:6379", LOG_LEVEL: "info" });
    expectTypeOf(env.PORT).toEqualTypeOf<number>();
    expectTypeOf(env.REDIS_URL).toEqualTypeOf<string>();
    expectTypeOf(env.ALLOWED_ORIGINS).toEqualTypeOf<string[] | undefined>();
    expectTypeOf(env.LOG_LEVEL).toEqualTypeOf<
      "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent"
    >();
  });

  it("counts an empty or blank variable as unset, and drops blanks around a value", () => {
    const shape = { PORT: fields.port(1), HOST: fields.host("here") };
    expect(readEnv(shape, { PORT: "", HOST: " \t" })).toEqual({ PORT: 1, HOST: "here" });
    expect(readEnv(shape, { PORT: " 80\r\n" })).toEqual({ PORT: 80, HOST: "here" });
  });

  it("names every bad and missing variable at once, one line each, and never a value", () => {
    const shape = {
      PORT: fields.port(1),
      NAME: z.string(),
      DRAIN_MS: fields.milliseconds(1),
      HOST: fields.host("x"),
    };
    const problems = problemsOf(shape, { PORT: "hunter2", DRAIN_MS: "-hunter2", HOST: "hunter2\nhunter2" });
    expect(problems).toEqual([
      "PORT must be a whole number from 0 to 65,535",
      expect.stringMatching(/^NAME is missing/),
      "DRAIN_MS must be a whole number from 0 to 2,147,483,647",
      "HOST must be a host name or an IP address",
    ]);
    expect(problems.join()).not.toContain("hunter2");
    expect(problems.every((line) => !line.includes("\n"))).toBe(true);
  });

  it("reads nothing from the prototype of the environment", () => {
    const env = Object.create({ PORT: "80" }) as Record<string, string>;
    expect(readEnv({ PORT: fields.port(1) }, env)).toEqual({ PORT: 1 });
  });

  it("returns a group's value under its name, and resolves the group only if its variables are valid", () => {
    let resolved = 0;
    const pair = group({ LOW: fields.count(1), HIGH: fields.count(2) }, ({ LOW, HIGH }) => {
      resolved += 1;
      if (LOW > HIGH) throw new ConfigError("LOW must not be above HIGH");
      return { span: HIGH - LOW };
    });
    const env = readEnv({ pair, PORT: fields.port(1) }, { HIGH: "7" });
    expect(env).toEqual({ pair: { span: 6 }, PORT: 1 });
    expectTypeOf(env.pair).toEqualTypeOf<{ span: number }>();
    expect(problemsOf({ pair, PORT: fields.port(1) }, { LOW: "9", PORT: "x" })).toEqual([
      "LOW must not be above HIGH",
      "PORT must be a whole number from 0 to 65,535",
    ]);
    expect(problemsOf({ pair }, { LOW: "no" })).toHaveLength(1);
    expect(resolved).toBe(2);
  });

  it("passes on an error that isn't a ConfigError", () => {
    const broken = group({}, () => {
      throw new TypeError("a fault of the program");
    });
    expect(() => readEnv({ broken }, {})).toThrow(TypeError);
  });
});

describe("describeEnv", () => {
  it("returns name, description and default of every variable, with groups expanded", () => {
    const pair = group({ LOW: fields.count(1_000).describe("The lower one.") }, () => 1);
    const name = z.string().describe("Whose it is.");
    expect(describeEnv({ pair, NAME: name, PORT: variables.PORT(8080) })).toEqual([
      { name: "LOW", description: "The lower one.", default: "1000" },
      { name: "NAME", description: "Whose it is.", default: undefined },
      { name: "PORT", description: expect.stringContaining("port"), default: "8080" },
    ]);
  });
});
