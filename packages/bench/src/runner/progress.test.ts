import { expect, it } from "vitest";
import { planFor } from "./plan.ts";
import { formatDuration, TimeLeft } from "./progress.ts";
import type { Case, Scenario } from "./scenario.ts";

const one = (seconds: number): Case => ({ name: `${seconds}`, seconds: () => seconds, run: async () => [] });
const scenario = (...cases: Case[]): Scenario => ({
  name: "append",
  title: "",
  notes: [],
  columns: [],
  cases,
});
const plan = { ...planFor(true), rounds: 2 };

it("sums the estimates of the remaining turns, scaled by the pace of the finished ones", () => {
  const [short, long] = [one(10), one(30)];
  const time = new TimeLeft([scenario(short, long)], plan);
  expect(time.expected).toBe(80);
  time.begin(short, 100);
  expect(time.left(104)).toBe(76);
  time.end(120);
  expect(time.left(120)).toBe(140);
  time.begin(long, 120);
  expect(time.left(150)).toBe(110);
  expect(time.left(1_000)).toBe(80);
});

it("a case that runs its rounds itself has one turn", () => {
  expect(new TimeLeft([scenario({ ...one(10), roundsItself: true }, one(5))], plan).expected).toBe(20);
});

it("shows minutes from 90 s on, else tens of seconds", () => {
  expect([formatDuration(89), formatDuration(90), formatDuration(1_200)]).toEqual([
    "90 s",
    "2 min",
    "20 min",
  ]);
});
