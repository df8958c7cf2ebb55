import { expect, it } from "vitest";
import type { Case, Context, Scenario } from "../runner/scenario.ts";
import { preparePeers } from "./prepare-peers.ts";
import { withUnavailable } from "./unavailable.ts";

const caseNamed = (name: string): Case => ({
  name,
  seconds: () => 10,
  run: async () => {
    throw new Error(`${name} was started`);
  },
});

const scenarioWith = (...names: string[]): Scenario => ({
  ...{ name: "idle", title: "", notes: [], columns: [] },
  cases: names.map(caseNamed),
});

/** Preparations that note their names and fail. */
function failing() {
  const made: string[] = [];
  const fail = (name: string) => async () => {
    made.push(name);
    return { word: `no ${name}`, detail: "for a reason" };
  };
  return { made, preparations: { npm: fail("npm"), go: fail("go") } };
}

it("prepares the Go peer only for scenarios that measure it", async () => {
  const { made, preparations } = failing();
  const lines: string[] = [];
  const log = (text: string) => void lines.push(text);
  const without = await preparePeers([scenarioWith("Parley split", "Socket.IO")], log, preparations);
  expect(made).toEqual(["npm"]);
  expect([...without.keys()]).toEqual(["Socket.IO"]);
  expect(lines).toEqual(["WITHOUT Socket.IO: no npm: for a reason"]);
  const names = ["Centrifuge", "Centrifuge, 25 ms delay", "Parley split"];
  const withGo = await preparePeers([scenarioWith(...names)], log, preparations);
  expect(made).toEqual(["npm", "npm", "go"]);
  expect(withGo.get("Centrifuge, 25 ms delay")).toEqual({ word: "no go", detail: "for a reason" });
  expect(withGo.has("Parley split")).toBe(false);
});

it("an unavailable peer starts nothing and has one row, and the other cases stay", async () => {
  const scenario = withUnavailable(
    scenarioWith("Parley split", "Centrifuge"),
    new Map([["Centrifuge", { word: "needs go", detail: "" }]]),
  );
  const [split, go] = scenario.cases;
  await expect(split?.run({} as Context)).rejects.toThrow("Parley split was started");
  const rows = await go?.run({} as Context);
  expect(rows).toMatchObject([{ subject: "Centrifuge", figures: {}, reason: "needs go" }]);
});
