import { expect, it } from "vitest";
import type { Result } from "../runner/rounds.ts";
import type { Figures, ScenarioName } from "../runner/scenario.ts";
import { type Goal, goalsOf, SPLIT, STANDALONE, verdictOf } from "./goals.ts";

type Line = readonly [subject: string, load: string, figures: Figures];

const resultOf = (name: ScenarioName, lines: readonly Line[]): Result => ({
  ...{ name, title: "", notes: [], columns: [], failures: [] },
  rows: lines.map(([subject, load, figures]) => ({
    ...{ subject, load, figures, loadShare: 0, machineShare: 0 },
    ...{ loadWasFull: false, machineWasFull: false },
  })),
});

const goal = (goals: readonly Goal[], words: string): Goal => {
  const found = goals.filter(({ text }) => text.includes(words));
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} goals with "${words}"`);
  return found[0];
};

it("a goal without a figure is neither met nor missed", () => {
  for (const one of goalsOf([], SPLIT)) expect(verdictOf(one)).toBe("not measured");
});

it("a figure equal to its bound meets the goal, for upper and lower bounds", () => {
  const base = { text: "", bound: 10, digits: 0, unit: "" };
  expect(verdictOf({ ...base, figure: 10, atMost: true })).toBe("met");
  expect(verdictOf({ ...base, figure: 10.1, atMost: true })).toBe("not met");
  expect(verdictOf({ ...base, figure: 10, atMost: false })).toBe("met");
  expect(verdictOf({ ...base, figure: 9.9, atMost: false })).toBe("not met");
});

it("S is one second of CPU divided by Socket.IO's peak deliveries", () => {
  const results = [
    resultOf("fan-out", [
      ["Socket.IO", "500 listeners, the most at all", { deliveries: 100_000 }],
      [SPLIT, "500 listeners, 50,000/s", { cpu: 99 }],
      [SPLIT, "500 listeners, 150,000/s", { cpu: 2 }],
      [STANDALONE, "500 listeners, 150,000/s", { cpu: 3 }],
      [SPLIT, "500 listeners, the most with p99 < 100 ms", { deliveries: 1_200_000 }],
    ]),
  ];
  const split = goalsOf(results, SPLIT);
  expect(goal(split, "500 listeners, 150,000/s: CPU").figure).toBeCloseTo(0.2);
  expect(goal(goalsOf(results, STANDALONE), "500 listeners, 150,000/s: CPU").figure).toBeCloseTo(0.3);
  expect(goal(split, "the most with p99").figure).toBeCloseTo(12);
});

it("compares each figure with the other target's figure at the same load", () => {
  const split = goalsOf(
    [
      resultOf("private", [
        [SPLIT, "2,000 messages/s", { p99: 2, cpu: 1 }],
        [SPLIT, "20,000 messages/s", { p99: 70, cpu: 1 }],
        ["Parley split, two workers", "20,000 messages/s", { p99: 40 }],
        [SPLIT, "10,000 messages/s", { p99: 8, cpu: 60 }],
        ["ws tutorial", "10,000 messages/s", { p99: 9, cpu: 75 }],
      ]),
      resultOf("persister", [
        ["one persister", "10,000 messages", { cpu: 20 }],
        ["two persisters", "10,000 messages", { cpu: 24 }],
      ]),
      resultOf("idle", [
        [SPLIT, "5,000 connections", { memory: 10 }],
        ["ws tutorial", "5,000 connections", { memory: 9.2 }],
      ]),
    ],
    SPLIT,
  );
  expect(goal(split, "private, 2,000/s: p99").figure).toBe(2);
  expect(goal(split, "two workers").figure).toBe(40);
  expect(goal(split, "private, 10,000/s: CPU").figure).toBeCloseTo(0.8);
  expect(goal(split, "two persisters").figure).toBeCloseTo(1.2);
  expect(verdictOf(goal(split, "two persisters"))).toBe("not met");
  expect(goal(split, "idle connection").figure).toBeCloseTo(0.8);
});

it("goals about the services and about Redis apply only to Parley split", () => {
  const standalone = goalsOf([], STANDALONE).map(({ text }) => text);
  const split = goalsOf([], SPLIT).map(({ text }) => text);
  expect(split).toEqual(expect.arrayContaining(standalone));
  expect(split.length - standalone.length).toBe(5);
});
