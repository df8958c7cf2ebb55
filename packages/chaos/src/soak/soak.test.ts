import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasServers } from "@parley/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { bundle } from "../mutants/bundle.ts";
import { findMutants } from "../mutants/find-mutants.ts";
import { problemsOf } from "../runner/result.ts";
import { SHORT_SOAK, SOAK, soakTrial } from "./soak-trial.ts";

const folder = mkdtempSync(join(tmpdir(), "parley-soak-"));
afterAll(() => rmSync(folder, { recursive: true }));
const [leaking, ...others] = findMutants().filter(({ fault }) => fault === SOAK);
const OPTIONS = { ...SHORT_SOAK, log: () => undefined };

/** The short form of `npx pnpm@12 chaos --soak`, with the shipped builds and with one that leaks. */
describe.skipIf(!(await hasServers())).concurrent("G5: under a steady load", () => {
  it("nothing grows, and nothing is lost or doubled", async () => {
    const result = await soakTrial(OPTIONS);
    expect(problemsOf(result)).toEqual([]);
    expect(result).toMatchObject({ counts: { lost: 0, duplicated: 0, unseen: 0 } });
  });

  it("a persister that leaks is reported, and nothing else", async () => {
    if (!leaking || others.length > 0) throw new Error("there must be one mutant that leaks");
    const builds = { [leaking.app]: await bundle(leaking, folder) };
    const problems = problemsOf(await soakTrial({ ...OPTIONS, builds }));
    expect(problems.filter((problem) => leaking.says.test(problem))).toHaveLength(2);
    expect(problems.filter((problem) => !problem.startsWith("persister "))).toEqual([]);
  });
});
