import { expect, it } from "vitest";
import { planFor } from "./plan.ts";
import { measure, mediansOf, turnsOf } from "./rounds.ts";
import type { Case, Measurement, Row } from "./scenario.ts";

const row = (subject: string, cpu: number, loadShare = 0.1): Row => ({
  ...{ subject, load: "much", loadShare, machineShare: 0.5 },
  figures: { cpu },
});

it("a figure is the median of its rounds, by subject and load, in whatever order they came", () => {
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

it("a round in which it was not tried has no part in the median", () => {
  const [only] = mediansOf([[row("a", 4)], [{ ...row("a", 0), figures: {} }], [row("a", 6)]]);
  expect(only?.figures.cpu).toBe(5);
});

it("one round with a full load generator marks the row, and no other", () => {
  const rows = mediansOf([
    [row("a", 1, 0.95), row("b", 1, 0.94)],
    [row("a", 1), row("b", 1)],
  ]);
  expect(rows.map((one) => one.loadWasFull)).toEqual([true, false]);
});

it("no core had time left in most rounds: the row is marked", () => {
  const busy = { ...row("a", 1), machineShare: 0.99 };
  expect(mediansOf([[busy], [busy], [row("a", 1)]])[0]?.machineWasFull).toBe(true);
  expect(mediansOf([[busy], [row("a", 1)], [row("a", 1)]])[0]?.machineWasFull).toBe(false);
});

const caseNamed = (name: string, run: Case["run"]): Case => ({ name, seconds: () => 1, run });

function measurementOf(cases: readonly Case[]): Measurement {
  return { name: "append", title: "", notes: [], columns: [], cases };
}

const setting = {
  plan: { ...planFor(true), rounds: 3 },
  say: () => undefined,
  turn: () => undefined,
};

it("they take turns at being first; one that makes its rounds itself has one turn", async () => {
  const order: string[] = [];
  const noting = (name: string) =>
    caseNamed(name, async () => {
      order.push(name);
      return [row(name, 1)];
    });
  const cases: Case[] = [noting("A"), noting("B"), { ...noting("C"), roundsItself: true }];
  const result = await measure(measurementOf(cases), setting);
  expect(order.join("")).toBe("ABCBAAB");
  expect(result.rows.map(({ subject }) => subject)).toEqual(["A", "B", "C"]);
  expect(turnsOf(cases, 1).map(({ name }) => name)).toEqual(["B", "A"]);
});

it("what fails is named, and ends neither the round nor the run", async () => {
  let turns = 0;
  const flaky = caseNamed("flaky", async ({ failed }) => {
    turns += 1;
    if (turns === 2) throw new Error("gone");
    if (turns === 3) failed("a part", new Error("half"));
    return [row("flaky", turns)];
  });
  const result = await measure(
    measurementOf([flaky, caseNamed("sound", async () => [row("sound", 1)])]),
    setting,
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
