import { setTimeout as delay } from "node:timers/promises";
import { findRedis } from "./find-server.ts";
import { startRedis } from "./redis.ts";
import { redisCommand } from "./redis-command.ts";
import { type OwnServer, type Recipe, startServer } from "./server.ts";

/** A master with replicas, and Sentinels that put another in its place when it is away. */
export interface Sentinelled {
  /** `redis+sentinel://…`, for whoever asks the Sentinels. */
  readonly url: string;
  /** What the Sentinels call the master. */
  readonly name: string;
  /** The first was the master at the start. */
  readonly servers: readonly OwnServer[];
  readonly sentinels: readonly OwnServer[];
  /** Whom the Sentinels call the master now: one of `servers`. */
  master(): Promise<OwnServer>;
  /** Resolves once each server but the master follows it, and the Sentinels know: a failover can be done then. */
  settled(): Promise<void>;
  /**
   * Has a Sentinel put another master in the place of one that is in order (`SENTINEL FAILOVER`), and resolves with it
   * once `master` names it. Asks again where an attempt comes to nothing: if the Sentinel stands still for a second at
   * the wrong moment, the others take the replica that it has promoted for one that has gone astray, and bring it back.
   */
  failOver(sentinel: OwnServer): Promise<OwnServer>;
  /** Stops all for good and removes their data. */
  stop(): Promise<void>;
}

const NAME = "parley";
const SENTINELS = 3;
const QUORUM = 2;
/**
 * Sentinels look after one another every few seconds, as suits a data centre. These do so several times a second, and
 * a machine that stands still for a moment does not make them give up watching for half a minute.
 */
const HURRY = Object.entries({
  "info-period": 400,
  "ping-period": 400,
  "publish-period": 200,
  "ask-period": 100,
  "tilt-trigger": 30_000,
}).flatMap(([name, ms]) => [name, `${ms}`]);
/** After twice this a failover that came to nothing is tried again. */
const FAILOVER_TIMEOUT_MS = 2_000;
const TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 50;

export interface SentinelOptions {
  /** 2 where nothing is said: with one alone a new master has none, and nothing is `replicated`. */
  readonly replicas?: number;
  /** How long a server may be silent until it counts as down. */
  readonly downAfterMs?: number;
}

/** Starts them, and resolves once a failover could be done. Throws `ServerUnavailable` as `startRedis` does. */
export async function startSentinelled(options: SentinelOptions = {}): Promise<Sentinelled> {
  const { replicas = 2, downAfterMs = 500 } = options;
  const started: OwnServer[] = [];
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()));
  };
  const keep = async (starting: Promise<OwnServer>) => {
    const server = await starting;
    started.push(server);
    return server;
  };
  try {
    const master = await keep(startRedis({ args: QUICK }));
    const follow = [...QUICK, "--replicaof", "127.0.0.1", String(master.port)];
    const copies = Array.from({ length: replicas }, () => keep(startRedis({ args: follow })));
    const recipe = await sentinelRecipe();
    const env = { PARLEY_SENTINEL: configuration(master.port, downAfterMs) };
    const eyes = Array.from({ length: SENTINELS }, () =>
      keep(startServer(recipe, { env, wrap: WRITE_FIRST })),
    );
    const [servers, sentinels] = await Promise.all([
      Promise.all(copies).then((all) => [master, ...all]),
      Promise.all(eyes),
    ]);
    const group = sentinelled({ servers, sentinels, stop });
    await Promise.all(sentinels.map(({ port }) => redisCommand(port, "SENTINEL", "DEBUG", ...HURRY)));
    await group.settled();
    return group;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A replica need not wait for others to copy at once. */
const QUICK = ["--repl-diskless-sync-delay", "0"];

/** Sentinel keeps its state in its configuration, which it must be able to write: made once, kept over restarts. */
const WRITE_FIRST = [
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

async function sentinelRecipe(): Promise<Recipe> {
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
}: Pick<Sentinelled, "servers" | "sentinels" | "stop">): Sentinelled {
  const ask = async (sentinel: OwnServer, ...what: string[]) =>
    await redisCommand(sentinel.port, "SENTINEL", ...what);
  const master = async (): Promise<OwnServer> => {
    for (const sentinel of sentinels) {
      const answer = await ask(sentinel, "GET-MASTER-ADDR-BY-NAME", NAME).catch(() => "");
      const named = servers.find(({ port }) => answer.split("\r\n").includes(String(port)));
      if (named) return named;
    }
    throw new Error("no Sentinel names a master");
  };
  const isSettled = async (): Promise<boolean> => {
    const { port } = await master();
    const followers = (await redisCommand(port, "INFO", "replication")).match(/state=online/g)?.length ?? 0;
    if (followers < servers.length - 1) return false;
    const states = await Promise.all(sentinels.map((sentinel) => ask(sentinel, "MASTER", NAME)));
    const agree = states.every((state) => knows(state, { port, replicas: servers.length - 1 }));
    const known = await Promise.all(sentinels.map((sentinel) => ask(sentinel, "REPLICAS", NAME)));
    return agree && known.every((all) => !/s_down|o_down|disconnected|err\r\n/.test(all));
  };
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${NAME}`,
    name: NAME,
    servers,
    sentinels,
    master,
    settled: () => within("the Sentinels did not settle", isSettled),
    async failOver(sentinel) {
      const from = await master();
      let now = from;
      await within("the Sentinels did not fail over", async () => {
        const state = await ask(sentinel, "MASTER", NAME);
        const hasBegun =
          fieldOf(state, "port") !== String(from.port) || /failover/.test(fieldOf(state, "flags"));
        if (!hasBegun) await ask(sentinel, "FAILOVER", NAME);
        now = await master();
        return now !== from;
      });
      return now;
    },
    stop,
  };
}

/** Looks until it is so; a look that fails is one that says no. */
async function within(error: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!(await isSo().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(error);
    await delay(LOOK_EVERY_MS);
  }
}

/** Whether a Sentinel sees this master in order, with all its replicas and the other Sentinels. */
function knows(
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
