import { expect, it } from "vitest";
import { planFor } from "./plan.ts";
import { inWords, TimeLeft } from "./progress.ts";
import type { Case, Measurement } from "./scenario.ts";

const one = (seconds: number): Case => ({ name: `${seconds}`, seconds: () => seconds, run: async () => [] });
const measurement = (...cases: Case[]): Measurement => ({
  name: "append",
  title: "",
  notes: [],
  columns: [],
  cases,
});
const plan = { ...planFor(true), rounds: 2 };

it("is what the turns still to come were said to take, at the pace of those that are over", () => {
  const [short, long] = [one(10), one(30)];
  const time = new TimeLeft([measurement(short, long)], plan);
  expect(time.expected).toBe(80);
  time.begin(short, 100);
  expect(time.left(104)).toBe(76);
  time.end(120);
  expect(time.left(120)).toBe(140);
  time.begin(long, 120);
  expect(time.left(150)).toBe(110);
  expect(time.left(1_000)).toBe(80);
});

it("one that makes its rounds itself has one turn", () => {
  expect(new TimeLeft([measurement({ ...one(10), roundsItself: true }, one(5))], plan).expected).toBe(20);
});

it("says minutes where there are some, else tens of seconds", () => {
  expect([inWords(89), inWords(90), inWords(1_200)]).toEqual(["90 s", "2 min", "20 min"]);
});
