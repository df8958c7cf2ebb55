import { text } from "node:stream/consumers";
import { parse, View } from "vega";
import { compile } from "vega-lite";

/** Draws a Vega-Lite specification, given as JSON on standard input, as an SVG on standard output. */
const { spec } = compile(JSON.parse(await text(process.stdin)));
const view = new View(parse(spec), { renderer: "none" });
process.stdout.write(`${await view.toSVG()}\n`);
