import { expect, it } from "vitest";
import { commandFor, readOptions, UsageError } from "./options.ts";
import { MEASUREMENTS } from "./runner/scenario.ts";

it("without anything: all of it, in full, and written", () => {
  expect(readOptions([])).toEqual({ quick: false, json: false, only: MEASUREMENTS, write: true });
  expect(readOptions(["--no-write"])).toMatchObject({ write: false });
});

it("a part, or a quick look, is written where that is asked for", () => {
  for (const argv of [["--quick"], ["--only", "idle"], ["--quick", "--only", "idle"]]) {
    expect(readOptions(argv)).toMatchObject({ write: false });
    expect(readOptions([...argv, "--write"])).toMatchObject({ write: true });
  }
});

it("--only keeps the order of the report; `--` from a package manager is nothing", () => {
  expect(readOptions(["--", "--quick", "--only", "idle, append"])).toMatchObject({
    quick: true,
    only: ["append", "idle"],
  });
});

it.each([["--only", "fanout"], ["--slow"], ["append"]])("says what it does not know: %s", (...argv) => {
  expect(() => readOptions(argv)).toThrow(UsageError);
});

it("the command that the report names measures the same again", () => {
  for (const argv of [[], ["--quick"], ["--only", "idle,append"], ["--quick", "--only", "history"]]) {
    const options = readOptions(argv);
    if (options === "help") throw new Error("no help was asked for");
    expect(readOptions(commandFor(options).split(" ").slice(3))).toEqual(options);
  }
});
