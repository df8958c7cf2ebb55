import { expect, it } from "vitest";
import type { Result, ResultRow } from "../runner/rounds.ts";
import type { Machine } from "./machine.ts";
import { type Report, reportText } from "./report.ts";

const machine: Machine = {
  ...{ cpu: "a processor", cores: 2, memoryGiB: 8, kernel: "Linux 6", node: "v26.0.0" },
  ...{ redis: "Valkey 9.1.2", mongo: "mongod 8.0.0", peers: "Socket.IO 4" },
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
    quiet: { turns: 6, noisy: 0, worst: 0, waitedSeconds: 0 },
    unavailable: [],
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

it("warns of a full load generator, full cores and a noisy machine", () => {
  const full = { ...row, loadWasFull: true, machineWasFull: true };
  const text = reportText(
    report({
      quiet: { turns: 6, noisy: 2, worst: 0.456, waitedSeconds: 600 },
      results: [{ ...result, rows: [full] }],
    }),
  );
  expect(text).toMatch(/\| +50 FULL \| +50 CORES \|/);
  for (const warning of ["**FULL**", "**CORES**"]) expect(text).toContain(warning);
  expect(text).toContain("- **Not quiet**: it waited 10 min for other processes to be quiet, and gave up:");
  expect(text).toContain("before 2 of 6 measurements they used more than 10 % of the machine, up to 46 %.");
});

it("says that the machine was quiet, and how long it waited for that", () => {
  expect(reportText(report())).toContain("- Other processes were quiet: before each measurement");
  const quiet = { turns: 6, noisy: 0, worst: 0, waitedSeconds: 30 };
  expect(reportText(report({ quiet }))).toContain("- It waited 30 s for other processes to be quiet: before");
});

it("a peer that can't be measured has a row with the reason, and a line with the details", () => {
  const { figures: _, ...rest } = row;
  const rows = [{ ...rest, subject: "Centrifuge", load: "every load", figures: {}, reason: "needs go" }];
  const unavailable = [{ peer: "Centrifuge", word: "needs go", detail: "no `go` in /usr/local/bin at all" }];
  const text = reportText(report({ unavailable, results: [{ ...result, rows }] }));
  expect(text).toMatch(/\| every load \| Centrifuge \| needs go \| +– \|/);
  expect(text).toContain("- **Without Centrifuge**: needs go: no `go` in … at all\n");
});

it("shows the fsync beside a goal whose figure waits for fsyncs", () => {
  const figures = { p50: 1, p99: 9, fsyncP99: 7 };
  const rows = [{ ...row, subject: "Parley split", load: "2,000 messages/s", figures }];
  const text = reportText(report({ results: [{ ...result, name: "private", rows }] }));
  expect(text).toContain("9.0 ms **not met** (fsync p99 7.0)");
});

it("explains PING and fsync if a row has them", () => {
  expect(reportText(report())).not.toContain("`fsync p99 ms`");
  const rows = [{ ...row, figures: { ...row.figures, fsync: 1.2 } }];
  expect(reportText(report({ results: [{ ...result, rows }] }))).toContain("`fsync p99 ms`");
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
