import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { expect, it } from "vitest";
import { COMMANDS } from "./commands.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>;
};
/** `test` passes options to vitest, which names unknown ones. `format` is one of Biome's own commands. */
const PASSED_ON = ["test", "format"];

/** Runs a script as pnpm does: in a shell, with the arguments appended. */
function run(name: string, ...args: readonly string[]) {
  const path = [join(ROOT, "node_modules/.bin"), dirname(process.execPath), process.env.PATH];
  const env = { PATH: path.join(delimiter), HOME: process.env.HOME };
  const line = [scripts[name], ...args].join(" ");
  return spawnSync("sh", ["-c", line], { cwd: ROOT, env, encoding: "utf8", timeout: 60_000 });
}

it("-- before the options is ignored, because some versions of pnpm pass it on", () => {
  expect(run("build", "--", "--help").stdout).toBe(COMMANDS.build?.help);
});

it("every command of the table is a script", () => {
  for (const name of Object.keys(COMMANDS))
    expect(scripts[name]).toBe(`exec node packages/local/src/commands/main.ts ${name}`);
});

it.each(Object.keys(scripts).filter((name) => name !== "format"))("%s --help prints a help text", (name) => {
  const { status, stdout, stderr } = run(name, "--help");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/npx pnpm@12 |^Usage: parley/);
});

it.each(Object.keys(scripts).filter((name) => !PASSED_ON.includes(name)))(
  "%s names an unknown option and does nothing",
  (name) => {
    const { status, stdout, stderr } = run(name, "--no-such-option");
    expect(stderr).toContain("--no-such-option");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  },
);

it.each(Object.keys(COMMANDS))("%s names an argument that it doesn't take", (name) => {
  const { status, stdout, stderr } = run(name, "surprise");
  expect(stderr).toContain("surprise");
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
});
