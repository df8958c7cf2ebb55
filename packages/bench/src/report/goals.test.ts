import { expect, it } from "vitest";
import type { Result } from "../runner/rounds.ts";
import type { Figures, ScenarioName } from "../runner/scenario.ts";
import { type Goal, leastOf, verdictOf } from "./goal.ts";
import { goalsOf, SPLIT, STANDALONE } from "./goals.ts";

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
  const inS = "500 listeners, 150,000/s: CPU a delivery, in S";
  expect(goal(split, inS).figure).toBeCloseTo(0.2);
  expect(goal(goalsOf(results, STANDALONE), inS).figure).toBeCloseTo(0.3);
  expect(goal(split, "the most with p99").figure).toBeCloseTo(12);
});

it("compares each figure with the other target's figure at the same load", () => {
  const split = goalsOf(
    [
      resultOf("private", [
        [SPLIT, "2,000 messages/s", { p50: 1, p99: 9, fsyncP99: 7, cpu: 60, redis: 90 }],
        ["ws tutorial", "2,000 messages/s", { p99: 9, cpu: 75 }],
        [SPLIT, "5,000 messages/s", { p50: 1, p99: 29, cpu: 70, redis: 39 }],
        ["ws tutorial", "5,000 messages/s", { p99: 9, cpu: 70 }],
        [SPLIT, "10,000 messages/s", { rate: 9_501, refused: 1 }],
      ]),
      resultOf("persister", [
        ["one persister", "10,000 messages", { cpu: 20 }],
        ["two persisters", "10,000 messages", { cpu: 24 }],
      ]),
      resultOf("idle", [
        [SPLIT, "5,000 connections", { memory: 10, cpu: 500 }],
        ["ws tutorial", "5,000 connections", { memory: 9.2, cpu: 400 }],
      ]),
    ],
    SPLIT,
  );
  const verdicts = (words: string) => verdictOf(goal(split, words));
  expect(goal(split, "private, 2,000 messages/s: p99")).toMatchObject({ figure: 9, fsyncP99: 7 });
  expect(verdicts("private, 2,000 messages/s: p99")).toBe("not met");
  expect(verdicts("private, 2,000 messages/s: p50")).toBe("met");
  expect(verdicts("private, 2,000 messages/s: Redis")).toBe("not met");
  expect(verdicts("private, 5,000 messages/s: Redis")).toBe("met");
  expect(goal(split, "private, 2,000 messages/s: CPU").figure).toBeCloseTo(0.8);
  expect(verdicts("private, 5,000 messages/s: CPU")).toBe("not met");
  expect(verdicts("10,000 messages/s: carried")).toBe("met");
  expect(verdicts("10,000 messages/s: refused")).toBe("not met");
  expect(goal(split, "handshake").figure).toBeCloseTo(1.25);
  expect(goal(split, "two persisters").figure).toBeCloseTo(1.2);
  expect(verdictOf(goal(split, "two persisters"))).toBe("not met");
  expect(goal(split, "idle connection").figure).toBeCloseTo(0.8);
});

it("compares with the better of Centrifuge's two variants, whichever were measured", () => {
  const both = [
    resultOf("fan-out", [
      [SPLIT, "500 listeners, 150,000/s", { cpu: 3, p99: 50 }],
      ["Centrifuge", "500 listeners, 150,000/s", { cpu: 20, p99: 20 }],
      ["Centrifuge, 25 ms delay", "500 listeners, 150,000/s", { cpu: 6, p99: 40 }],
      [SPLIT, "500 listeners, 500,000/s", { cpu: 1, p99: 60 }],
      ["Centrifuge, 25 ms delay", "500 listeners, 500,000/s", { cpu: 2, p99: 40 }],
    ]),
  ];
  const split = goalsOf(both, SPLIT);
  expect(goal(split, "150,000/s: CPU a delivery, in times of Centrifuge").figure).toBeCloseTo(0.5);
  expect(goal(split, "150,000/s: p99, in times of Centrifuge").figure).toBeCloseTo(2.5);
  expect(goal(split, " 500,000/s: p99, in times of Centrifuge").figure).toBeCloseTo(1.5);
  expect(verdictOf(goal(split, " 20,000/s: p99, in times of Centrifuge"))).toBe("not measured");
  expect(leastOf([Number.NaN, 3, 2])).toBe(2);
  expect(leastOf([])).toBeNaN();
});

it("compares Redis' CPU with that of the bare commands in the same run", () => {
  const split = goalsOf(
    [
      resultOf("call", [
        ["Parley's append call", "one draft a call", { redis: 50, further: 15 }],
        ["XADD, HSET, 2 PUBLISH", "one draft a call", { redis: 25 }],
        ["Parley's append call", "64 drafts a call", { redis: 995 }],
      ]),
      resultOf("gateways", [["Parley's bus", "8 gateways, 500 messages/s each", { redis: 60, refused: 0 }]]),
    ],
    SPLIT,
  );
  expect(goal(split, "a call with one draft").figure).toBe(2);
  expect(goal(split, "each further draft").figure).toBe(0.6);
  expect(goal(split, "CPU of a message from 8 gateways").figure).toBe(2.4);
  expect(verdictOf(goal(split, "8 gateways of 500/s: refused"))).toBe("met");
});

it("goals about the services and about Redis apply only to Parley split", () => {
  const standalone = goalsOf([], STANDALONE).map(({ text }) => text);
  const split = goalsOf([], SPLIT).map(({ text }) => text);
  expect(split).toEqual(expect.arrayContaining(standalone));
  expect(split.length - standalone.length).toBe(10);
});
