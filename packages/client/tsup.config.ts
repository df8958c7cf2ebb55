import { defineConfig } from "tsup";

/** `index.js` is for bundlers and Node; `parley.js` is the same in one small file, for pages without a build step. */
export default defineConfig([
  { entry: ["src/index.ts"], format: "esm", platform: "neutral", target: "es2022", clean: true },
  { entry: { parley: "src/index.ts" }, format: "esm", platform: "browser", target: "es2022", minify: true },
]);
