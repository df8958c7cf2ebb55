import { describe, expect, it } from "vitest";
import { metricFactory, Registry } from "./metrics.ts";

describe("metrics with labels", () => {
  const registry = new Registry();
  const { counter, histogram, gauge } = metricFactory(registry, "tests");

  it("exist at 0 from the start, for every combination of the labels' values; a gauge doesn't, because 0 could be wrong", async () => {
    counter("total", "Tests.", { color: ["red", "green"], size: ["s", "l"] }).inc(
      { color: "red", size: "l" },
      2,
    );
    histogram("seconds", "Tests.", [1, 2], { color: ["red", "green"] });
    gauge("level", "Tests.", ["role"]);
    const depth = gauge("depth", "Tests.");
    const text = await registry.metrics();
    expect(text.match(/^parley_tests_total\{.*$/gm)?.sort()).toEqual([
      'parley_tests_total{color="green",size="l"} 0',
      'parley_tests_total{color="green",size="s"} 0',
      'parley_tests_total{color="red",size="l"} 2',
      'parley_tests_total{color="red",size="s"} 0',
    ]);
    expect(text).toContain('parley_tests_seconds_count{color="green"} 0');
    expect(text).not.toMatch(/^parley_tests_(level|depth)/m);
    depth.set(0);
    expect(await registry.metrics()).toContain("parley_tests_depth 0");
  });
});
