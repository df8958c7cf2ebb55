import type { Options } from "tsup";
import { readScriptTexts } from "./packages/bus/src/redis/script/script-text.ts";

/**
 * Builds an app as one ESM file that starts alone in an empty folder: it contains every dependency, the Lua scripts of
 * the Redis bus, and a `require` for the CommonJS dependencies.
 */
export const app: Options = {
  entry: ["src/main.ts"],
  format: "esm",
  target: "node22",
  platform: "node",
  splitting: false,
  clean: true,
  removeNodeProtocol: false,
  noExternal: [/.*/],
  // Not in `define`, which an app may replace. A script that can't be resolved fails the build.
  esbuildOptions: (options) => {
    const scripts = JSON.stringify(readScriptTexts());
    options.define = { ...options.define, PARLEY_LUA: JSON.stringify(scripts) };
  },
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
};
