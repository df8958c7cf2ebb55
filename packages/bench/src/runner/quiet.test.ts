import { expect, it } from "vitest";
import { QuietWait } from "./quiet.ts";

/** A machine whose looks show the given shares, and then the last one again and again. */
function waitOn(shares: readonly number[], seconds: number) {
  let looks = 0;
  const lines: string[] = [];
  const wait = new QuietWait({
    seconds,
    look: async () => shares[Math.min(looks++, shares.length - 1)] ?? 0,
  });
  return { wait, lines, turn: () => wait.untilQuiet((text) => lines.push(text)), looks: () => looks };
}

it("a quiet machine is looked at once a turn, and nothing is said", async () => {
  const { wait, turn, lines, looks } = waitOn([0.1, 0.02], 60);
  await turn();
  await turn();
  expect([looks(), lines]).toEqual([2, []]);
  expect(wait.result).toEqual({ turns: 2, noisy: 0, worst: 0, waitedSeconds: 0 });
});

it("waits until the machine is quiet, and counts the time", async () => {
  const { wait, turn, lines } = waitOn([0.5, 0.4, 0.3, 0.05], 60);
  await turn();
  expect(lines).toEqual(["waiting for other processes, which use 50 % of the machine"]);
  expect(wait.result).toEqual({ turns: 1, noisy: 0, worst: 0, waitedSeconds: 1.5 });
});

it("gives up once the time for all turns is used up, says so, and doesn't wait again", async () => {
  const { wait, turn, lines, looks } = waitOn([0.5, 0.6, 0.7, 0.45, 0.01], 1);
  await turn();
  expect(looks()).toBe(3);
  await turn();
  await turn();
  expect(lines.slice(1)).toEqual([
    "NOT QUIET: other processes use 70 % of the machine, and the time to wait is used up",
    "NOT QUIET: other processes use 45 % of the machine, and the time to wait is used up",
  ]);
  expect(wait.result).toEqual({ turns: 3, noisy: 2, worst: 0.7, waitedSeconds: 1 });
});

it("without time to wait it looks all the same", async () => {
  const { wait, turn } = waitOn([0.9], 0);
  await turn();
  expect(wait.result).toMatchObject({ noisy: 1, waitedSeconds: 0 });
});

it("the real machine has a share between none and all of its cores", async () => {
  const wait = new QuietWait({ seconds: 0 });
  await wait.untilQuiet(() => undefined);
  expect(wait.result.turns).toBe(1);
  expect(wait.result.worst).toBeLessThanOrEqual(1);
});
