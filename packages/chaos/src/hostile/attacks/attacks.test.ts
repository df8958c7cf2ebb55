import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasServers } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { attackTrial } from "../attack-trial.ts";
import { harmOf } from "../result.ts";
import { SHAPES } from "../target/target.ts";
import { ATTACKS } from "./index.ts";

/** Attacks that show their effect within seconds. */
const SHORT = ["upgrade-reset", "pipelined-history", "idle-connections"];
const OPTIONS = { rounds: 1, short: true, log: () => undefined };
const GUARANTEES = join(import.meta.dirname, "../../../../../docs/guarantees.md");
const withServers = await hasServers();

describe("the attacks", () => {
  it("have different names, which `--only` accepts", () => {
    const names = ATTACKS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  it("are all in docs/guarantees.md", () => {
    const text = readFileSync(GUARANTEES, "utf8");
    const section = text.slice(text.indexOf("## Attacks"));
    expect(ATTACKS.filter(({ name }) => !section.includes(`\`${name}\``))).toEqual([]);
  });
});

/** The short form of `npx pnpm@12 chaos --hostile`. Times aren't checked, because tests share the machine. */
describe("G5: an attack ends no process and takes nothing from the users", () => {
  const trials = ATTACKS.filter(({ name }) => SHORT.includes(name)).flatMap((attack) =>
    SHAPES.map((shape) => ({ attack, shape, name: attack.name, title: attack.title })),
  );

  // Once more, because a stall of the machine refuses a message, too. The harm of an attack is there again.
  it.for(trials)("$name, $shape: $title", { retry: 1 }, async ({ attack, shape }, { skip }) => {
    if (shape === "split" && !withServers) skip("this machine has no Redis or MongoDB");
    expect(harmOf(await attackTrial(attack, shape, OPTIONS))).toEqual([]);
  });
});
