import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { PEERS } from "../targets/peers-folder.ts";

/**
 * Draws a chart as SVG, with the chart library that is installed with the peers. Rejects with the library's error
 * message.
 */
export async function drawChart(spec: object): Promise<string> {
  const child = spawn(process.execPath, [join(PEERS, "draw-chart.js")], { cwd: PEERS });
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  child.stdin.end(JSON.stringify(spec));
  const [svg, errors, [code]] = await output;
  if (code !== 0) throw new Error(`the chart could not be drawn: ${errors.trim().split("\n").at(-1)}`);
  return svg;
}
