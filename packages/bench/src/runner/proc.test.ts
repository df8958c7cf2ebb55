import { expect, it } from "vitest";
import { parseCpuMicros, parseMachineTicks, parseResidentBytes } from "./proc.ts";

const stat = (name: string) =>
  `4711 (${name}) S 1 4711 4711 0 -1 4194560 9000 0 12 0 1234 66 5 7 20 0 11 0 581093 1073741824 25000 184467`;

it.each(["node", "tmux: server", "a) S 1 (b", ")"])(
  "CPU is user plus system time, whatever the process' name: %s",
  (name) => {
    expect(parseCpuMicros(stat(name))).toBe((1234 + 66) * 10_000);
  },
);

it("memory is the resident set, in bytes", () => {
  const status = "Name:\tnode\nVmPeak:\t 1000 kB\nVmHWM:\t  70000 kB\nVmRSS:\t   65432 kB\nThreads:\t11\n";
  expect(parseResidentBytes(status)).toBe(65_432 * 1024);
});

it("the machine's time covers all cores and counts guests once; I/O wait counts as idle", () => {
  const text = "cpu  100 1 20 300 40 5 6 7 50 0\ncpu0 50 1 10 150 20 2 3 3 25 0\nintr 1\n";
  expect(parseMachineTicks(text)).toEqual({ total: 479, idle: 340 });
});

it("refuses other texts", () => {
  expect(() => parseCpuMicros("")).toThrow("isn't from /proc/<pid>/stat");
  expect(() => parseMachineTicks("intr 1")).toThrow("isn't from /proc/stat");
  expect(() => parseResidentBytes("Name:\tzombie\n")).toThrow("isn't from /proc/<pid>/status");
});
