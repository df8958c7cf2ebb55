import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { typePrograms } from "./type-programs.ts";

const ROOT = join(import.meta.dirname, "../../..");
const packages = globSync("{apps,packages}/*/package.json", { cwd: ROOT }).map(dirname).toSorted();

function settingsOf(folder: string): { include: string[]; compilerOptions?: object; extends: string } {
  return JSON.parse(readFileSync(join(ROOT, folder, "tsconfig.json"), "utf8"));
}

it("the root's types are those of every package without settings of its own", () => {
  const withOwn = packages.filter((folder) => settingsOf(folder).compilerOptions !== undefined);
  expect(typePrograms(ROOT)).toEqual([".", ...withOwn]);
});

it("every program has the common settings, and includes the same files of each package", () => {
  const { include, compilerOptions, extends: base } = settingsOf(".");
  expect([base, compilerOptions]).toEqual(["./tsconfig.base.json", undefined]);
  for (const folder of packages) {
    expect(settingsOf(folder)).toMatchObject({
      extends: "../../tsconfig.base.json",
      include: ["src", "*.ts"],
    });
    for (const part of ["src", "*.ts"]) expect(include).toContain(`${dirname(folder)}/*/${part}`);
  }
});
