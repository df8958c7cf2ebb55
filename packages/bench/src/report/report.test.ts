import { expect, it } from "vitest";
import type { Result, ResultRow } from "../runner/rounds.ts";
import type { Machine } from "./machine.ts";
import { type Report, reportText } from "./report.ts";

const machine: Machine = {
  ...{ cpu: "a processor", cores: 2, memoryGiB: 8, kernel: "Linux 6", node: "v26.0.0" },
  ...{ redis: "Valkey 9.1.2", mongo: "mongod 8.0.0", peers: ", Socket.IO 4", loadBefore: 0.1 },
  date: "2026-11-26T06:00:00.000Z",
};

const row: ResultRow = {
  ...{ subject: "A server", load: "much", figures: { rate: 900, asked: 1_000 } },
  ...{ loadShare: 0.5, machineShare: 0.5, loadWasFull: false, machineWasFull: false },
};

const result: Result = {
  ...{ name: "append", title: "Appending", notes: ["Mind this."] },
  columns: [
    {
      ...{ key: "rate", title: "rate", digits: 0 },
      mark: ({ rate = 0, asked = 0 }) => (rate < asked ? "full" : undefined),
    },
    { key: "p99", title: "p99 ms", digits: 1 },
  ],
  rows: [row],
  failures: [],
};

const report = (changes: Partial<Report> = {}): Report => ({
  ...{
    machine,
    rounds: 3,
    command: "npx pnpm@12 bench",
    took: 1_201,
    withoutPeers: false,
    results: [result],
  },
  ...changes,
});

it("names the command, the machine and the versions, and shows each figure with its mark", () => {
  const text = reportText(report());
  expect(text).toContain("`npx pnpm@12 bench`, which repeats it (20 min)");
  expect(text).toContain("median of 3 alternating rounds");
  expect(text).toContain("Node v26.0.0, Valkey 9.1.2, mongod 8.0.0, Socket.IO 4");
  expect(text).toMatch(/\| much \| A server \| +900 full \| +– \| +50 \| +50 \|/);
  expect(text).toContain("- Mind this.");
  expect(text).not.toContain("**");
});

it("warns of a full load generator, full cores, a busy machine and missing peers", () => {
  const full = { ...row, loadWasFull: true, machineWasFull: true };
  const text = reportText(
    report({
      machine: { ...machine, loadBefore: 3 },
      withoutPeers: true,
      results: [{ ...result, rows: [full] }],
    }),
  );
  expect(text).toMatch(/\| +50 FULL \| +50 CORES \|/);
  for (const warning of ["**FULL**", "**CORES**", "busy before", "**Without the peers**"])
    expect(text).toContain(warning);
});

it("lists a failure below its scenario, in one line and without paths of this machine", () => {
  const reason =
    "gateway did not start: /srv/somebody/parley/dist/main.js is missing, asked http://somewhere:1/x\nand much more";
  const failures = [{ subject: "A server", round: 2, reason }];
  const text = reportText(report({ results: [{ ...result, failures }] }));
  expect(text).toContain("- **FAILED** in round 2: A server: gateway did not start: … is missing, asked …\n");
});

it("shows the chart if there is one", () => {
  expect(reportText(report(), { chart: "performance.svg" })).toContain("](performance.svg)");
  expect(reportText(report())).not.toContain("![");
});
