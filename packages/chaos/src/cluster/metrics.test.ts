import { describe, expect, it } from "vitest";
import { sumSamples } from "./metrics.ts";

const TEXT = `# HELP sends_total Sends.
sends_total{code="unavailable",app="gateway"} 3
sends_total{code="backlog_full",app="gateway"} 4
sends_total_seconds{code="unavailable"} 100
up 1
`;

describe("a metric", () => {
  it("is the sum over the samples whose labels match, and 0 when there are none", () => {
    expect(sumSamples(TEXT, "sends_total", {})).toBe(7);
    expect(sumSamples(TEXT, "sends_total", { code: "unavailable" })).toBe(3);
    expect(sumSamples(TEXT, "up", {})).toBe(1);
    expect(sumSamples(TEXT, "down", {})).toBe(0);
  });
});
