import { describe, expect, it } from "vitest";
import { sumOf } from "./metrics.ts";

const TEXT = `# HELP sends_total Sends.
sends_total{code="unavailable",app="gateway"} 3
sends_total{code="backlog_full",app="gateway"} 4
sends_total_seconds{code="unavailable"} 100
up 1
`;

describe("a metric", () => {
  it("is summed over the labels that fit, and 0 where it has no sample", () => {
    expect(sumOf(TEXT, "sends_total", {})).toBe(7);
    expect(sumOf(TEXT, "sends_total", { code: "unavailable" })).toBe(3);
    expect(sumOf(TEXT, "up", {})).toBe(1);
    expect(sumOf(TEXT, "down", {})).toBe(0);
  });
});
