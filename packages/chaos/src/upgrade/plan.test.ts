import { describe, expect, it } from "vitest";
import { describeStep, FIRST_ORDER, ORDERS, planOf } from "./plan.ts";

const steps = (knowsEntries: boolean) => planOf(FIRST_ORDER, knowsEntries).map(describeStep);
const UPGRADE = [
  "gateway 1 of the new build",
  "gateway 2 of the new build",
  "persister 1 of the new build",
  "persister 2 of the new build",
  "history-api 1 of the new build",
  "history-api 2 of the new build",
];
const BACK = UPGRADE.toReversed().map((step) => step.replace("new", "old"));

describe("the plan of an upgrade", () => {
  it("has each order of the apps once, and one of them under Sentinels", () => {
    expect(ORDERS.map(({ id }) => id)).toEqual([
      "g-p-h",
      "g-h-p",
      "p-g-h",
      "p-h-g",
      "h-g-p",
      "h-p-g",
      "sentinel",
    ]);
    expect(ORDERS.filter(({ isSentinelled }) => isSentinelled)).toMatchObject([{ id: "sentinel" }]);
  });

  it("goes there and back twice, with a fault while each build has one persister", () => {
    const withFault = UPGRADE.toSpliced(3, 0, "a fault between the builds");
    expect(steps(false)).toEqual([...withFault, ...BACK, ...UPGRADE, ...BACK]);
  });

  it("L25: raises and lowers ENTRIES while every process is new, if the new build knows it", () => {
    const raised = steps(true);
    const at = raised.indexOf("ENTRIES=2");
    expect(raised.slice(at - 1, at + 3)).toEqual([UPGRADE.at(-1), "ENTRIES=2", "ENTRIES=1", BACK[0]]);
    expect(raised.toSpliced(at, 2)).toEqual(steps(false));
  });
});
