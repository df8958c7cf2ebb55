import type { Options } from "tsup";

/**
 * An app becomes one ESM file that starts alone in an empty folder: every dependency is inside, and `require`
 * exists for the CommonJS ones.
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
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
};
