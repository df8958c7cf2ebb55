import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { commandFor, HELP, readOptions, UsageError } from "./options.ts";
import { SCENARIO_NAMES } from "./runner/scenario.ts";

it("without options: everything, in full, and written to docs/", () => {
  expect(readOptions([])).toEqual({
    ...{ quick: false, json: false, only: SCENARIO_NAMES, write: true },
    wait: 600,
  });
  expect(readOptions(["--no-write"])).toMatchObject({ write: false });
});

it("a part or a quick run is written only with --write", () => {
  for (const argv of [["--quick"], ["--only", "idle"], ["--quick", "--only", "idle"]]) {
    expect(readOptions(argv)).toMatchObject({ write: false });
    expect(readOptions([...argv, "--write"])).toMatchObject({ write: true });
  }
});

it("--only keeps the order of the report; `--` from a package manager is ignored", () => {
  expect(readOptions(["--", "--quick", "--only", "idle, append"])).toMatchObject({
    quick: true,
    only: ["append", "idle"],
  });
});

it("waits for a quiet machine as long as it is told, and less for a quick run", () => {
  expect(readOptions(["--quick"])).toMatchObject({ wait: 60 });
  expect(readOptions(["--quick", "--wait", "0"])).toMatchObject({ wait: 0 });
});

it("--help and docs/performance.md name every scenario", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/performance.md"), "utf8");
  for (const name of SCENARIO_NAMES) {
    expect(HELP).toMatch(new RegExp(`^ +${name} +\\w`, "m"));
    expect(page).toContain(`\n| \`${name}\` | `);
  }
});

it.each([["--only", "fanout"], ["--slow"], ["append"], ["--wait", "soon"], ["--wait", "-1"]])(
  "refuses unknown names and options: %s",
  (...argv) => {
    expect(() => readOptions(argv)).toThrow(UsageError);
  },
);

it("the command in the report runs the same scenarios again", () => {
  for (const argv of [[], ["--quick"], ["--only", "idle,append"], ["--quick", "--only", "history"]]) {
    const options = readOptions(argv);
    if (options === "help") throw new Error("--help was not given");
    expect(readOptions(commandFor(options).split(" ").slice(3))).toEqual(options);
  }
});
