import type { Panel, Row } from "./panel.ts";
import { ROWS } from "./rows.ts";

/** Grafana's grid has 24 columns. */
const COLUMNS = 24;
const WIDTH = 8;
const HEIGHT = 8;
const DATASOURCE = { type: "prometheus", uid: "$" + "{datasource}" };

/** The dashboard in the JSON that Grafana imports. The datasource is chosen in the dashboard. */
export function dashboardJson(): string {
  const dashboard = {
    uid: "parley",
    title: "Parley",
    description: "Made from packages/monitoring. The alerts' runbooks are in docs/runbooks.",
    tags: ["parley"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    timezone: "",
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    templating: {
      list: [{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", hide: 0 }],
    },
    annotations: {
      list: [
        {
          name: "Alerts",
          datasource: DATASOURCE,
          enable: true,
          iconColor: "red",
          expr: 'ALERTS{alertname=~"Parley.*", alertstate="firing"}',
          titleFormat: "{{alertname}}",
        },
      ],
    },
    panels: layOut(ROWS),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

/** Gives each row and panel an id and a place: three panels beside each other below their row's heading. */
function layOut(rows: readonly Row[]): object[] {
  const placed: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    const gridPos = { x: 0, y, w: COLUMNS, h: 1 };
    placed.push({ id: placed.length + 1, type: "row", title, collapsed: false, gridPos, panels: [] });
    y += 1;
    panels.forEach((panel, index) => {
      const x = (index * WIDTH) % COLUMNS;
      const top = y + Math.floor((index * WIDTH) / COLUMNS) * HEIGHT;
      placed.push(toGrafana(panel, placed.length + 1, { x, y: top, w: WIDTH, h: HEIGHT }));
    });
    y += Math.ceil((panels.length * WIDTH) / COLUMNS) * HEIGHT;
  }
  return placed;
}

function toGrafana({ title, unit, queries, description }: Panel, id: number, gridPos: object): object {
  return {
    id,
    type: "timeseries",
    title,
    ...(description !== undefined && { description }),
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: {
      defaults: { unit, min: 0, custom: { fillOpacity: 5, showPoints: "never" } },
      overrides: [],
    },
    options: {
      legend: { displayMode: "list", placement: "bottom" },
      tooltip: { mode: "multi", sort: "desc" },
    },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}
