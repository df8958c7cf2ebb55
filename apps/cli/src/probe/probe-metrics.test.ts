import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { serveProbeMetrics } from "./probe-metrics.ts";

it("docs/cli.md lists the probe's metrics, and no others", async () => {
  const { url } = await serveProbeMetrics(0, "127.0.0.1");
  const text = await (await fetch(`${url}/metrics`)).text();
  const exposed = [...text.matchAll(/^# TYPE (parley_(?:probe_\w+|ready)) (\w+)$/gm)].map(
    ([, name, kind]) => `${name} ${kind}`,
  );
  const docs = readFileSync(join(import.meta.dirname, "../../../../docs/cli.md"), "utf8");
  const listed = [...docs.matchAll(/^\| `(parley_\w+)` \| (\w+) \|/gm)].map(
    ([, name, kind]) => `${name} ${kind}`,
  );
  expect(listed.toSorted()).toEqual(exposed.toSorted());
});
