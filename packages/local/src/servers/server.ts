import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onFreePort, PortTaken } from "../free-port.ts";
import { type Child, type Exit, startChild } from "../processes/child.ts";
import { type Guard, startGuard } from "../processes/guard.ts";

/** A Redis or MongoDB of one's own: a process on 127.0.0.1 that can be killed, frozen and restarted. */
export interface OwnServer {
  readonly url: string;
  readonly port: number;
  /** The process that runs now; another one after `restart`. */
  readonly pid: number;
  /** Where its data lies; kept over `kill` and `restart`. */
  readonly dir: string;
  /** The last part of what it printed since its last start. */
  output(): string;
  /** How the process that runs now ended, once it has. */
  readonly exited: Promise<Exit>;
  /** Sends a signal. SIGKILL: resolves once the process is gone; others (SIGSTOP, SIGCONT) at once. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data, after stopping it where it still runs. Resolves once it answers. */
  restart(changes?: ServerChanges): Promise<void>;
  /** Stops it for good and removes its data, unless `dir` was given. Never rejects because it is gone already. */
  stop(): Promise<void>;
}

/** What may be another at each start; what is not named stays as it was. */
export interface ServerChanges {
  /** Added after the server's own arguments. */
  readonly args?: readonly string[];
  /** Put before the command, which it must `exec`: `["sh", "-c", 'ulimit -f 2048; exec "$@"', "sh"]`. */
  readonly wrap?: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ServerOptions extends ServerChanges {
  /** A fixed port; else a free one. */
  readonly port?: number;
  /** A folder for the data, made where missing and kept at the end; else a temporary one. */
  readonly dir?: string;
}

/** How one kind of server is started. */
export interface Recipe {
  readonly name: string;
  command(port: number, dir: string): readonly string[];
  url(port: number): string;
  /** What it prints once it takes connections. */
  readonly ready: RegExp;
}

/** A new mongod on a slow disk takes its time. */
const READY_TIMEOUT_MS = 60_000;
const TAKEN = /address already in use/i;

/** Starts a server; where no port is given, on a free one. */
export async function startServer(recipe: Recipe, options: ServerOptions): Promise<OwnServer> {
  if (options.dir !== undefined) await mkdir(options.dir, { recursive: true });
  const temporary = options.dir === undefined;
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), `parley-${recipe.name}-`)));
  const place = { recipe, dir, temporary, guard: startGuard(temporary ? dir : undefined) };
  try {
    if (options.port !== undefined) return await firstStart({ ...place, port: options.port }, options);
    return await onFreePort((port) => firstStart({ ...place, port }, options));
  } catch (error) {
    await clear(place);
    throw error;
  }
}

/** What stays the same over restarts. */
interface Place {
  readonly recipe: Recipe;
  readonly port: number;
  readonly dir: string;
  /** Removed at the end. */
  readonly temporary: boolean;
  readonly guard: Guard;
}

async function firstStart(place: Place, options: ServerChanges): Promise<OwnServer> {
  const { recipe, port, dir } = place;
  let settings = options;
  let child = await spawn(place, settings);
  await untilReady(place, child);
  return {
    url: recipe.url(port),
    port,
    dir,
    get pid() {
      return child.pid;
    },
    get exited() {
      return child.exited;
    },
    output: () => child.output(),
    kill: (signal) => child.kill(signal),
    async restart(changes = {}) {
      await child.stop();
      settings = { ...settings, ...changes };
      child = await spawn(place, settings);
      await untilReady(place, child);
    },
    async stop() {
      await (place.temporary ? child.kill("SIGKILL") : child.stop());
      await clear(place);
    },
  };
}

function spawn({ recipe, port, dir, guard }: Place, settings: ServerChanges): Promise<Child> {
  const { wrap = [], args: extra = [], env } = settings;
  const [command = recipe.name, ...args] = [...wrap, ...recipe.command(port, dir), ...extra];
  return startChild({
    command,
    args,
    env: { ...process.env, ...env },
    cwd: dir,
    guard,
  });
}

async function untilReady({ recipe, port }: Place, child: Child): Promise<void> {
  try {
    await child.printed(recipe.ready, READY_TIMEOUT_MS);
  } catch (error) {
    await child.kill("SIGKILL");
    if (TAKEN.test(child.output())) throw new PortTaken(`port ${port} is taken`, { cause: error });
    throw new Error(`${recipe.name} did not start on port ${port}`, { cause: error });
  }
}

async function clear({ dir, temporary, guard }: Omit<Place, "port">): Promise<void> {
  if (temporary) await rm(dir, { recursive: true, force: true });
  guard.end();
}
