import { expect, it } from "vitest";
import { planFor } from "./plan.ts";
import { mediansOf, runScenario, turnsOf } from "./rounds.ts";
import type { Case, Row, Scenario } from "./scenario.ts";

const row = (subject: string, cpu: number, loadShare = 0.1): Row => ({
  ...{ subject, load: "much", loadShare, machineShare: 0.5 },
  figures: { cpu },
});

it("a figure is the median of its rounds, by subject and load, whatever the order", () => {
  const rows = mediansOf([
    [row("a", 1), row("b", 10)],
    [row("b", 30), row("a", 9)],
    [row("a", 2), row("b", 20), { ...row("a", 7), load: "more" }],
  ]);
  expect(rows.map(({ subject, load, figures }) => [subject, load, figures.cpu])).toEqual([
    ["a", "much", 2],
    ["b", "much", 20],
    ["a", "more", 7],
  ]);
});

it("a round in which a load was skipped doesn't count for the median", () => {
  const [only] = mediansOf([[row("a", 4)], [{ ...row("a", 0), figures: {} }], [row("a", 6)]]);
  expect(only?.figures.cpu).toBe(5);
});

it("keeps the reason why a subject can't be measured", () => {
  const missing = { ...row("a", 0, Number.NaN), figures: {}, machineShare: Number.NaN, reason: "needs go" };
  expect(mediansOf([[missing], [missing]])).toMatchObject([{ figures: {}, reason: "needs go" }]);
  expect(mediansOf([[row("a", 1)]])[0]).not.toHaveProperty("reason");
});

it("waits for a quiet machine before every turn", async () => {
  const order: string[] = [];
  const cases = ["A", "B"].map((name) =>
    caseNamed(name, async () => {
      order.push(name);
      return [row(name, 1)];
    }),
  );
  const untilQuiet = async () => void order.push("quiet");
  await runScenario(scenarioWith(cases), { ...deps, plan: { ...planFor(true), rounds: 1 }, untilQuiet });
  expect(order).toEqual(["quiet", "A", "quiet", "B"]);
});

it("one round with a full load generator marks its row, and no other row", () => {
  const rows = mediansOf([
    [row("a", 1, 0.95), row("b", 1, 0.94)],
    [row("a", 1), row("b", 1)],
  ]);
  expect(rows.map((one) => one.loadWasFull)).toEqual([true, false]);
});

it("a row is marked if all cores were busy in most rounds", () => {
  const busy = { ...row("a", 1), machineShare: 0.99 };
  expect(mediansOf([[busy], [busy], [row("a", 1)]])[0]?.machineWasFull).toBe(true);
  expect(mediansOf([[busy], [row("a", 1)], [row("a", 1)]])[0]?.machineWasFull).toBe(false);
});

const caseNamed = (name: string, run: Case["run"]): Case => ({ name, seconds: () => 1, run });

function scenarioWith(cases: readonly Case[]): Scenario {
  return { name: "append", title: "", notes: [], columns: [], cases };
}

const deps = {
  plan: { ...planFor(true), rounds: 3 },
  log: () => undefined,
  untilQuiet: async () => undefined,
  turn: () => undefined,
};

it("alternates the order of the cases; a case that runs its rounds itself has one turn", async () => {
  const order: string[] = [];
  const recording = (name: string) =>
    caseNamed(name, async () => {
      order.push(name);
      return [row(name, 1)];
    });
  const cases: Case[] = [recording("A"), recording("B"), { ...recording("C"), roundsItself: true }];
  const result = await runScenario(scenarioWith(cases), deps);
  expect(order.join("")).toBe("ABCBAAB");
  expect(result.rows.map(({ subject }) => subject)).toEqual(["A", "B", "C"]);
  expect(turnsOf(cases, 1).map(({ name }) => name)).toEqual(["B", "A"]);
});

it("records a failure, and goes on with the round and the run", async () => {
  let turns = 0;
  const flaky = caseNamed("flaky", async ({ failed }) => {
    turns += 1;
    if (turns === 2) throw new Error("gone");
    if (turns === 3) failed("a part", new Error("half"));
    return [row("flaky", turns)];
  });
  const result = await runScenario(
    scenarioWith([flaky, caseNamed("sound", async () => [row("sound", 1)])]),
    deps,
  );
  expect(result.failures).toEqual([
    { subject: "flaky", round: 2, reason: "gone" },
    { subject: "a part", round: 3, reason: "half" },
  ]);
  expect(result.rows.map(({ subject, figures }) => [subject, figures.cpu])).toEqual([
    ["flaky", 2],
    ["sound", 1],
  ]);
});
