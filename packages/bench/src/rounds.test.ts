import { expect, it } from "vitest";
import type { Measurement } from "./measurement.ts";
import { planFor } from "./plan.ts";
import { measure, mediansOf } from "./rounds.ts";

const row = (label: string, cpu: number, loadShare = 0.1) => ({ label, figures: { cpu }, loadShare });

it("a figure is the median of its rounds, by label, in whatever order they came", () => {
  const rows = mediansOf([
    [row("a", 1), row("b", 10)],
    [row("b", 30), row("a", 9)],
    [row("a", 2), row("b", 20)],
  ]);
  expect(rows.map(({ label, figures }) => [label, figures.cpu])).toEqual([
    ["a", 2],
    ["b", 20],
  ]);
});

it("one round with a full load generator marks the row, and no other", () => {
  const rows = mediansOf([
    [row("a", 1, 0.91), row("b", 1, 0.9)],
    [row("a", 1), row("b", 1)],
  ]);
  expect(rows.map((one) => one.loadWasFull)).toEqual([true, false]);
});

it("subjects take turns at being first", async () => {
  const subject = (name: string) => ({ name, start: () => Promise.reject(new Error("not started here")) });
  const orders: string[] = [];
  const measurement: Measurement = {
    name: "append",
    title: "",
    notes: [],
    columns: [],
    async round({ subjects }) {
      orders.push(subjects.map(({ name }) => name).join(""));
      return subjects.map(({ name }) => row(name, 1));
    },
  };
  const plan = { ...planFor(true), rounds: 3 };
  const result = await measure(measurement, {
    plan,
    subjects: [subject("A"), subject("B")],
    say: () => undefined,
  });
  expect(orders).toEqual(["AB", "BA", "AB"]);
  expect(result.rows.map(({ label }) => label)).toEqual(["A", "B"]);
});
