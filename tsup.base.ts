import { basename } from "node:path";
import type { Options } from "tsup";
import { readScriptTexts } from "./packages/bus/src/redis/script/script-text.ts";

/** The oldest Node that runs a built app, as `major.minor`. Documents state it too. */
export const OLDEST_NODE = "22.16";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

/**
 * Loads Node's own modules while the app runs. An `import` would be resolved before the banner's first line, and fails
 * under a Node that lacks the module or the name.
 */
const requireNodeModules: Plugin = {
  name: "require-node-modules",
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === "require-call" ? { path, external: true } : { path, namespace: "node-module" },
    );
    build.onLoad({ filter: /./, namespace: "node-module" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }));
  },
};

/** Leaves out Express' parsers of bodies with their tables of encodings, because the apps read bodies themselves. */
const withoutBodyParsers: Plugin = {
  name: "without-body-parsers",
  setup(build) {
    build.onResolve({ filter: /^body-parser$/ }, ({ path }) => ({ path, namespace: "left-out" }));
    build.onLoad({ filter: /./, namespace: "left-out" }, () => ({ contents: "module.exports = {}" }));
  },
};

type BundlePlugin = NonNullable<Options["plugins"]>[number];

/**
 * Escapes what isn't ASCII: only comments have it, because esbuild escapes the rest. Node reads a large file in half of the
 * time, and keeps it in half of the memory, if each character is a byte.
 */
const asciiOnly: BundlePlugin = {
  name: "ascii-only",
  renderChunk: (code) => ({
    code: code.replace(
      /[\u0080-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  }),
};

/** The first lines of a bundle. Like the whole bundle, they parse under Node 18. */
function banner(): string {
  const [major, minor] = OLDEST_NODE.split(".");
  const app = basename(process.cwd());
  return `import { createRequire as __createRequire } from "node:module";
const require = __createRequire(import.meta.url);
{
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < ${major} || major === 23 || (major === ${major} && minor < ${minor})) {
    process.stderr.write("${app} needs Node.js ${OLDEST_NODE} or newer, but not 23. This is " + process.version + ".\\n");
    process.exit(1);
  }
}`;
}

/**
 * Builds an app as one ESM file that starts alone in an empty folder: it contains every dependency, the Lua scripts of
 * the Redis bus, and a `require` for the CommonJS dependencies. Under a Node that is too old, the file says so and exits.
 */
export const app: Options = {
  entry: ["src/main.ts"],
  format: "esm",
  target: "node18",
  platform: "node",
  splitting: false,
  clean: true,
  removeNodeProtocol: false,
  noExternal: [/.*/],
  esbuildPlugins: [requireNodeModules, withoutBodyParsers],
  plugins: [asciiOnly],
  // Not in `define`, which an app may replace. A script that can't be resolved fails the build.
  esbuildOptions: (options) => {
    const scripts = JSON.stringify(readScriptTexts());
    options.define = { ...options.define, PARLEY_LUA: JSON.stringify(scripts) };
  },
  banner: { js: banner() },
};
