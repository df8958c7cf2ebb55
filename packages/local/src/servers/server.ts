import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onFreePort, PortTaken } from "../free-port.ts";
import { type Child, type Exit, startChild } from "../processes/child.ts";
import { type Guard, startGuard } from "../processes/guard.ts";

/** A private Redis or MongoDB: a process on 127.0.0.1 that can be killed, frozen and restarted. */
export interface LocalServer {
  readonly url: string;
  readonly port: number;
  /** Process id. It changes with `restart`. */
  readonly pid: number;
  /** Data folder. `kill` and `restart` keep it. */
  readonly dir: string;
  /** Output since the last start, at most the last 64 Ki characters. */
  output(): string;
  /** Resolves with the exit status once the current process has exited. */
  readonly exited: Promise<Exit>;
  /** Sends a signal and resolves at once. For SIGKILL, resolves once the process has exited. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Stops the server if it runs, and starts it again with the same port and data. Resolves once it is ready. */
  restart(changes?: ServerChanges): Promise<void>;
  /** Stops the server for good and removes its data, unless `dir` was set. May be called more than once. */
  stop(): Promise<void>;
}

/** Settings that each start may change. Settings that are left out stay as they were. */
export interface ServerChanges {
  /** Arguments added after the server's own arguments. */
  readonly args?: readonly string[];
  /** A wrapper command, such as `["sh", "-c", 'ulimit -f 2048; exec "$@"', "sh"]`. It must `exec` its arguments. */
  readonly wrap?: readonly string[];
  /** Variables added to the environment of this process, which the server inherits. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Options of the first start. The settings of `ServerChanges` also apply to later restarts. */
export interface ServerOptions extends ServerChanges {
  /** Default: a free port. */
  readonly port?: number;
  /** Data folder, created if missing and kept after `stop`. Default: a temporary folder. */
  readonly dir?: string;
}

/** The command and the properties of one kind of server. */
export interface ServerSpec {
  readonly name: string;
  command(port: number, dir: string): readonly string[];
  url(port: number): string;
  /** Matches the output that the server prints once it accepts connections. */
  readonly ready: RegExp;
}

/** A new mongod on a slow disk needs time to create its first files. */
const READY_TIMEOUT_MS = 60_000;
const TAKEN = /address already in use/i;

/** Starts a server and waits until it is ready. Without `options.port` the server gets a free port. */
export async function startServer(spec: ServerSpec, options: ServerOptions): Promise<LocalServer> {
  if (options.dir !== undefined) await mkdir(options.dir, { recursive: true });
  const isTemporary = options.dir === undefined;
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), `parley-${spec.name}-`)));
  const instance = { spec, dir, isTemporary, guard: startGuard(isTemporary ? dir : undefined) };
  try {
    if (options.port !== undefined) return await startInstance({ ...instance, port: options.port }, options);
    return await onFreePort((port) => startInstance({ ...instance, port }, options));
  } catch (error) {
    await cleanUp(instance);
    throw error;
  }
}

/** Properties that stay the same over restarts. */
interface Instance {
  readonly spec: ServerSpec;
  readonly port: number;
  readonly dir: string;
  /** True if `dir` is a temporary folder, which is removed when the server is stopped for good. */
  readonly isTemporary: boolean;
  readonly guard: Guard;
}

async function startInstance(instance: Instance, options: ServerChanges): Promise<LocalServer> {
  const { spec, port, dir } = instance;
  let settings = options;
  let child = await spawn(instance, settings);
  await waitUntilReady(instance, child);
  return {
    url: spec.url(port),
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
      child = await spawn(instance, settings);
      await waitUntilReady(instance, child);
    },
    async stop() {
      await (instance.isTemporary ? child.kill("SIGKILL") : child.stop());
      await cleanUp(instance);
    },
  };
}

function spawn({ spec, port, dir, guard }: Instance, settings: ServerChanges): Promise<Child> {
  const { wrap = [], args: extra = [], env } = settings;
  const [command = spec.name, ...args] = [...wrap, ...spec.command(port, dir), ...extra];
  return startChild({
    command,
    args,
    env: { ...process.env, ...env },
    cwd: dir,
    guard,
  });
}

async function waitUntilReady({ spec, port }: Instance, child: Child): Promise<void> {
  try {
    await child.printed(spec.ready, READY_TIMEOUT_MS);
  } catch (error) {
    await child.kill("SIGKILL");
    if (TAKEN.test(child.output())) throw new PortTaken(`port ${port} is taken`, { cause: error });
    throw new Error(`${spec.name} did not start on port ${port}`, { cause: error });
  }
}

async function cleanUp({ dir, isTemporary, guard }: Omit<Instance, "port">): Promise<void> {
  if (isTemporary) await rm(dir, { recursive: true, force: true });
  guard.end();
}
