import { expect, it } from "vitest";
import { parseCpuMicros, parseResidentBytes } from "./proc.ts";

const stat = (name: string) =>
  `4711 (${name}) S 1 4711 4711 0 -1 4194560 9000 0 12 0 1234 66 5 7 20 0 11 0 581093 1073741824 25000 184467`;

it.each(["node", "tmux: server", "a) S 1 (b", ")"])(
  "CPU is user and system time, whatever the name: %s",
  (name) => {
    expect(parseCpuMicros(stat(name))).toBe((1234 + 66) * 10_000);
  },
);

it("memory is what is resident, in bytes", () => {
  const status = "Name:\tnode\nVmPeak:\t 1000 kB\nVmHWM:\t  70000 kB\nVmRSS:\t   65432 kB\nThreads:\t11\n";
  expect(parseResidentBytes(status)).toBe(65_432 * 1024);
});

it("what is neither is refused", () => {
  expect(() => parseCpuMicros("")).toThrow("no /proc/<pid>/stat");
  expect(() => parseResidentBytes("Name:\tzombie\n")).toThrow("no /proc/<pid>/status");
});
