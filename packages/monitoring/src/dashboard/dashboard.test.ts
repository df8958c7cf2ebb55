import { describe, expect, it } from "vitest";
import { dashboardJson } from "./dashboard.ts";

/** The fields that Grafana needs of a panel, as its schema defines them. */
interface GrafanaPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly fieldConfig?: {
    readonly defaults: { readonly unit: string };
    readonly overrides: readonly unknown[];
  };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
  }[];
}

const dashboard = JSON.parse(dashboardJson());
const panels: readonly GrafanaPanel[] = dashboard.panels;
const graphs = panels.filter(({ type }) => type !== "row");
/** The variable that the person who looks at the dashboard sets. */
const DATASOURCE = { type: "prometheus", uid: "$".concat("{datasource}") };

describe("the dashboard for Grafana", () => {
  it("has the fields of a dashboard, and a variable for the data source", () => {
    expect(dashboard).toMatchObject({ uid: "parley", title: "Parley", schemaVersion: 39, editable: true });
    expect(dashboard).toMatchObject({
      time: { from: "now-3h", to: "now" },
      annotations: { list: [{ enable: true }] },
    });
    expect(dashboard.templating.list).toMatchObject([
      { name: "datasource", type: "datasource", query: "prometheus" },
    ]);
    expect(dashboard).not.toHaveProperty("id");
  });

  it("has rows and graphs with ids and titles of their own", () => {
    expect(panels.map(({ id }) => id)).toEqual(panels.map((_, index) => index + 1));
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    expect(new Set(panels.map(({ type }) => type))).toEqual(new Set(["row", "timeseries"]));
  });

  it("has no two panels in one place, and none outside of the 24 columns", () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x < 0 || x + w > 24)).toEqual([]);
  });

  it.each(graphs.map((graph) => [graph.title, graph] as const))(
    "%s has a unit, a data source and queries",
    (_title, graph) => {
      expect(graph.datasource).toEqual(DATASOURCE);
      expect(graph.fieldConfig).toMatchObject({
        defaults: { unit: expect.stringMatching(/^\w+$/) },
        overrides: [],
      });
      expect(graph.targets?.length).toBeGreaterThan(0);
      expect(graph.targets?.map(({ refId }) => refId)).toEqual(
        ["A", "B", "C"].slice(0, graph.targets?.length),
      );
      for (const target of graph.targets ?? []) {
        expect(target).toMatchObject({
          datasource: DATASOURCE,
          expr: expect.any(String),
          legendFormat: expect.any(String),
        });
      }
    },
  );
});
