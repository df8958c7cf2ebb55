import { text } from "node:stream/consumers";
import { parse, View } from "vega";
import { compile } from "vega-lite";

/** Reads a Vega-Lite specification as JSON from standard input and writes the chart as SVG to standard output. */
const { spec } = compile(JSON.parse(await text(process.stdin)));
const view = new View(parse(spec), { renderer: "none" });
process.stdout.write(`${await view.toSVG()}\n`);
