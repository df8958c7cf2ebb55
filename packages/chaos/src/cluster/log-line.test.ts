import { describe, expect, it } from "vitest";
import { problemOfLine } from "./log-line.ts";

describe("a line on standard output", () => {
  it.each([
    [
      '{"level":"info","err":{"level":"inner","list":[{"a":1},{"a":2}]},"msg":"a \\"key\\": twice, \\"key\\": twice"}',
    ],
    ["{}"],
  ])("is fine: %s", (line) => {
    expect(problemOfLine(line)).toBeUndefined();
  });

  it.each([
    ['{"level":"info","msg":"a","level":"warn"}', "has a key twice"],
    ['{"err":{"code":1,"code":1}}', "has a key twice"],
    ["listening", "isn't JSON"],
    ['{"msg":"cut', "isn't JSON"],
    ["[1]", "isn't an object"],
  ])("is reported: %s", (line, problem) => {
    expect(problemOfLine(line)).toContain(problem);
  });
});
