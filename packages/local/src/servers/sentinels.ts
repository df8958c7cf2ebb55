import { setTimeout as delay } from "node:timers/promises";
import { findRedis } from "./find-server.ts";
import { startRedis } from "./redis.ts";
import { redisCommand } from "./redis-command.ts";
import { type LocalServer, type ServerSpec, startServer } from "./server.ts";

/** A Redis master with replicas, and Sentinels that promote a replica when the master is down. */
export interface SentinelGroup {
  /** `redis+sentinel://…`, for clients that ask the Sentinels for the master. */
  readonly url: string;
  /** The master's name in the Sentinels' configuration. */
  readonly name: string;
  /** The master and its replicas. The first one was the master at the start. */
  readonly servers: readonly LocalServer[];
  readonly sentinels: readonly LocalServer[];
  /** Resolves with the server that the Sentinels name as the master now. */
  master(): Promise<LocalServer>;
  /**
   * Resolves once all replicas follow the master and every Sentinel has found them. From then on a failover is
   * possible.
   */
  settled(): Promise<void>;
  /**
   * Makes a Sentinel replace a healthy master (`SENTINEL FAILOVER`). Resolves with the new master once `master`
   * returns it.
   *
   * Repeats the command if an attempt fails. This happens if the Sentinel stalls for a second at the wrong moment:
   * the other Sentinels then consider the promoted replica misconfigured and demote it again.
   */
  failOver(sentinel: LocalServer): Promise<LocalServer>;
  /** Stops all servers for good and removes their data. */
  stop(): Promise<void>;
}

const NAME = "parley";
const SENTINELS = 3;
const QUORUM = 2;
/**
 * Timers in ms. By default Sentinels poll every few seconds; these poll several times a second. The larger
 * `tilt-trigger` keeps a short stall of the machine from suspending the Sentinels for half a minute (TILT mode).
 */
const FAST_TIMERS = Object.entries({
  "info-period": 400,
  "ping-period": 400,
  "publish-period": 200,
  "ask-period": 100,
  "tilt-trigger": 30_000,
}).flatMap(([name, ms]) => [name, `${ms}`]);
/** A Sentinel repeats a failed failover after twice this time. */
const FAILOVER_TIMEOUT_MS = 2_000;
const TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/** Options of `startSentinelGroup`. */
export interface SentinelOptions {
  /**
   * Number of replicas. Default 2. With one replica, a new master has no replica of its own after a failover. No
   * write could then be `replicated` (L9).
   */
  readonly replicas?: number;
  /** The Sentinels consider a server down after it has been silent for this long. Default 500. */
  readonly downAfterMs?: number;
}

/**
 * Starts a master, its replicas and three Sentinels. Resolves once a failover is possible. Throws `ServerUnavailable`
 * like `startRedis`.
 */
export async function startSentinelGroup(options: SentinelOptions = {}): Promise<SentinelGroup> {
  const { replicas = 2, downAfterMs = 500 } = options;
  const started: LocalServer[] = [];
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()));
  };
  const track = async (starting: Promise<LocalServer>) => {
    const server = await starting;
    started.push(server);
    return server;
  };
  try {
    const master = await track(startRedis({ args: NO_SYNC_DELAY }));
    const replicaArgs = [...NO_SYNC_DELAY, "--replicaof", "127.0.0.1", String(master.port)];
    const replicaStarts = Array.from({ length: replicas }, () => track(startRedis({ args: replicaArgs })));
    const spec = await sentinelSpec();
    const env = { PARLEY_SENTINEL: configuration(master.port, downAfterMs) };
    const sentinelStarts = Array.from({ length: SENTINELS }, () =>
      track(startServer(spec, { env, wrap: WRITE_CONFIGURATION })),
    );
    const [servers, sentinels] = await Promise.all([
      Promise.all(replicaStarts).then((all) => [master, ...all]),
      Promise.all(sentinelStarts),
    ]);
    const group = sentinelled({ servers, sentinels, stop });
    await Promise.all(sentinels.map(({ port }) => redisCommand(port, "SENTINEL", "DEBUG", ...FAST_TIMERS)));
    await group.settled();
    return group;
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Arguments that turn off a wait. By default, a master waits a few seconds for more replicas before it sends its data
 * to the first one.
 */
const NO_SYNC_DELAY = ["--repl-diskless-sync-delay", "0"];

/**
 * A wrapper that writes the configuration file before the first start. Sentinel stores its state in this file, so
 * restarts don't overwrite it.
 */
const WRITE_CONFIGURATION = [
  "sh",
  "-c",
  '[ -e sentinel.conf ] || printf "%s" "$PARLEY_SENTINEL" >sentinel.conf; exec "$@"',
  "sh",
];

function configuration(port: number, downAfterMs: number): string {
  return [
    `sentinel monitor ${NAME} 127.0.0.1 ${port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
    `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
    `sentinel parallel-syncs ${NAME} ${SENTINELS}`,
    "",
  ].join("\n");
}

async function sentinelSpec(): Promise<ServerSpec> {
  const binary = await findRedis();
  return {
    name: "sentinel",
    url: (port) => `redis://127.0.0.1:${port}`,
    ready: /Sentinel ID is/,
    command: (port) => [
      ...binary,
      "sentinel.conf",
      "--sentinel",
      "--bind",
      "127.0.0.1",
      "--port",
      String(port),
    ],
  };
}

function sentinelled({
  servers,
  sentinels,
  stop,
}: Pick<SentinelGroup, "servers" | "sentinels" | "stop">): SentinelGroup {
  const ask = async (sentinel: LocalServer, ...words: string[]) =>
    await redisCommand(sentinel.port, "SENTINEL", ...words);
  const master = async (): Promise<LocalServer> => {
    for (const sentinel of sentinels) {
      const answer = await ask(sentinel, "GET-MASTER-ADDR-BY-NAME", NAME).catch(() => "");
      const named = servers.find(({ port }) => answer.split("\r\n").includes(String(port)));
      if (named) return named;
    }
    throw new Error(`no Sentinel names a master for ${NAME}`);
  };
  const isSettled = async (): Promise<boolean> => {
    const { port } = await master();
    const followers = (await redisCommand(port, "INFO", "replication")).match(/state=online/g)?.length ?? 0;
    if (followers < servers.length - 1) return false;
    const states = await Promise.all(sentinels.map((sentinel) => ask(sentinel, "MASTER", NAME)));
    const isMasterKnown = states.every((state) => isHealthy(state, { port, replicas: servers.length - 1 }));
    const replicas = await Promise.all(sentinels.map((sentinel) => ask(sentinel, "REPLICAS", NAME)));
    return isMasterKnown && replicas.every((all) => !/s_down|o_down|disconnected|err\r\n/.test(all));
  };
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${NAME}`,
    name: NAME,
    servers,
    sentinels,
    master,
    settled: () => pollUntil(isSettled, "the Sentinels did not settle"),
    async failOver(sentinel) {
      const from = await master();
      let now = from;
      await pollUntil(async () => {
        const state = await ask(sentinel, "MASTER", NAME);
        const hasBegun =
          fieldOf(state, "port") !== String(from.port) || /failover/.test(fieldOf(state, "flags"));
        if (!hasBegun) await ask(sentinel, "FAILOVER", NAME);
        now = await master();
        return now !== from;
      }, "the Sentinels did not fail over");
      return now;
    },
    stop,
  };
}

/** Polls until the condition resolves with true. A rejection is treated as false. Rejects after TIMEOUT_MS. */
async function pollUntil(condition: () => Promise<boolean>, timeoutMessage: string): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`${timeoutMessage} within ${TIMEOUT_MS / 1000} s`);
    await delay(POLL_MS);
  }
}

/** Returns true if a Sentinel sees this master as healthy, with all its replicas and the other Sentinels. */
function isHealthy(
  state: string,
  { port, replicas }: { readonly port: number; readonly replicas: number },
): boolean {
  return (
    fieldOf(state, "port") === String(port) &&
    fieldOf(state, "flags") === "master" &&
    fieldOf(state, "num-slaves") === String(replicas) &&
    fieldOf(state, "num-other-sentinels") === String(SENTINELS - 1)
  );
}

function fieldOf(state: string, name: string): string {
  const words = state.split("\r\n").filter((word) => !/^[*$%]/.test(word));
  return words[words.indexOf(name) + 1] ?? "";
}
