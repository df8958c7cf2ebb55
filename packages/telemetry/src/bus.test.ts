import { createLogger, Registry } from "@parley/service";
import { expect, it } from "vitest";
import { observeBus } from "./bus.ts";

async function seriesAfter(
  ...events: readonly Parameters<ReturnType<typeof observeBus>>[0][]
): Promise<string[]> {
  const registry = new Registry();
  const observe = observeBus(createLogger({ name: "test", level: "silent" }), registry);
  for (const event of events) observe(event);
  return (await registry.metrics()).split("\n").filter((line) => !line.startsWith("#"));
}

it("a role that has never been connected counts as not connected", async () => {
  const role = "append";
  expect(await seriesAfter({ type: "connecting", role })).toContain('parley_bus_connected{role="append"} 0');
  const up = await seriesAfter({ type: "connecting", role }, { type: "connection", role, up: true });
  expect(up).toContain('parley_bus_connected{role="append"} 1');
});

it("the bounds of a log without refs don't include any of refs", async () => {
  const series = await seriesAfter({ type: "limits", backlogEntries: 7, backlogBytes: 70 });
  expect(series).toContain("parley_bus_backlog_entries_limit 7");
  expect(series).toContain("parley_bus_backlog_bytes_limit 70");
  expect(series.join()).not.toContain("refs_limit");
});

it("logs that were created and raised, and repairs, are counted", async () => {
  const series = await seriesAfter(
    { type: "log-created", at: "" },
    { type: "log-raised" },
    { type: "log-raised" },
    { type: "repair", messages: 0, ms: 1 },
  );
  expect(series).toContain('parley_bus_logs_created_total{how="created"} 1');
  expect(series).toContain('parley_bus_logs_created_total{how="raised"} 2');
  expect(series).toContain("parley_bus_repairs_total 1");
  expect(series).toContain("parley_bus_repaired_messages_total 0");
});
