import { setTimeout as delay } from "node:timers/promises";
import { type Cluster, type ClusterApp, META } from "../../cluster/cluster.ts";
import { backlogEntries } from "../../cluster/log-inspection.ts";
import { eventually } from "../../eventually.ts";

const REVOCATIONS = "{parley}:revocations";
/** The field of META with the version of the revocations. */
const VERSION = "revocations";
/** Longer than any process may go on without knowing what is revoked, and than a frame may be read late. */
const BROKEN_MS = 4_300;
/** Every process knows a revocation by then, and the store has it. */
const KNOWN_MS = 1_500;

/** Something that keeps processes from knowing of a revocation, or makes Redis forget it. */
export interface Strike {
  readonly name: string;
  /** The processes that don't reach the log meanwhile, or don't run, by their names as holders of tokens know them. */
  readonly broken: readonly string[];
  /** The gateways whose connections may end for another reason, because they don't run meanwhile. */
  readonly ended: readonly string[];
  /** Called before the revocation. */
  begin(): Promise<void>;
  /** Called after the revocation. Resolves once the fault has lasted long enough. */
  last(): Promise<void>;
  /** Brings everything back. */
  end(): Promise<void>;
}

const FIRST = "gateway 0";
const HISTORY = "history-api";

/** Cuts the link of one process to Redis, and makes that of the other silent. */
export function linksBroken(
  { gateways, historyApi }: Cluster,
  { isGatewaySilent }: { readonly isGatewaySilent: boolean },
): Strike {
  const gateway = firstOf(gateways);
  const [cut, silent] = isGatewaySilent ? [historyApi, gateway] : [gateway, historyApi];
  return {
    name: `the link of ${isGatewaySilent ? HISTORY : FIRST} is cut, that of ${isGatewaySilent ? FIRST : HISTORY} silent`,
    broken: [FIRST, HISTORY],
    ended: [],
    async begin() {
      cut.redisProxy.refuse(true);
      cut.redisProxy.cut("rst");
      silent.redisProxy.set("both", "swallow");
    },
    last: () => delay(BROKEN_MS),
    async end() {
      cut.redisProxy.refuse(false);
      silent.redisProxy.set("both", "pass");
      // A link that has lost bytes would only fail later.
      silent.redisProxy.cut("rst");
    },
  };
}

/** Freezes one process and kills the other. What was published meanwhile waits in the sockets of the frozen one. */
export function processesStopped(
  { gateways, historyApi }: Cluster,
  { isGatewayFrozen }: { readonly isGatewayFrozen: boolean },
): Strike {
  const gateway = firstOf(gateways);
  const [frozen, killed] = isGatewayFrozen ? [gateway.app, historyApi.app] : [historyApi.app, gateway.app];
  return {
    name: `${isGatewayFrozen ? FIRST : HISTORY} is frozen, ${isGatewayFrozen ? HISTORY : FIRST} killed`,
    broken: [FIRST, HISTORY],
    ended: [FIRST],
    async begin() {
      await frozen.kill("SIGSTOP");
      await killed.kill("SIGKILL");
    },
    last: () => delay(BROKEN_MS),
    async end() {
      await frozen.kill("SIGCONT");
      await killed.restart();
    },
  };
}

/**
 * Puts the revocations in Redis back to what they were before, as after a failover to a server that lacks the newest ones,
 * and cuts the subscriptions. Then kills a gateway and starts it again, which can't know anything.
 */
export function revocationsOlder(cluster: Cluster): Strike {
  const gateway = firstOf(cluster.gateways);
  let before: Snapshot | undefined;
  return {
    name: "Redis comes back older, and subscriptions are cut",
    broken: [],
    ended: [FIRST],
    async begin() {
      before = await snapshot(cluster);
    },
    async last() {
      await delay(KNOWN_MS);
      if (before) await putBack(cluster, before);
      await delay(BROKEN_MS - KNOWN_MS);
    },
    async end() {
      await gateway.app.kill("SIGKILL");
      await gateway.app.restart();
    },
  };
}

/** Stops every process, and then Redis loses everything. Only the store still has the revocation. */
export function everythingLost(cluster: Cluster): Strike {
  const { gateways, persisters, historyApi } = cluster;
  return {
    name: "every process is stopped, and Redis loses everything",
    broken: [...gateways.map((_, n) => `gateway ${n}`), HISTORY],
    ended: gateways.map((_, n) => `gateway ${n}`),
    begin: async () => undefined,
    async last() {
      await delay(KNOWN_MS);
      // In order, so that everything that was appended is acknowledged, and nothing is in the log alone.
      await Promise.all(gateways.map(({ app }) => app.stop()));
      await historyApi.app.stop();
      await eventually(async () => (await backlogEntries(cluster)) === 0, "everything to be stored");
      await Promise.all(persisters.map(({ app }) => app.stop()));
      await cluster.withRedis((redis) => redis.flushall());
    },
    async end() {
      await Promise.all(persisters.map(({ app }) => app.restart()));
      await Promise.all([...gateways, historyApi].map(({ app }) => app.restart()));
    },
  };
}

function firstOf([gateway]: readonly ClusterApp[]): ClusterApp {
  if (!gateway) throw new Error("the cluster has no gateway");
  return gateway;
}

interface Snapshot {
  readonly entries: Readonly<Record<string, string>>;
  readonly version: string | null;
}

function snapshot(cluster: Cluster): Promise<Snapshot> {
  return cluster.withRedis(async (redis) => {
    return { entries: await redis.hgetall(REVOCATIONS), version: await redis.hget(META, VERSION) };
  });
}

async function putBack(cluster: Cluster, { entries, version }: Snapshot): Promise<void> {
  await cluster.withRedis(async (redis) => {
    const transaction = redis.multi().del(REVOCATIONS);
    if (Object.keys(entries).length > 0) transaction.hset(REVOCATIONS, entries);
    if (version === null) transaction.hdel(META, VERSION);
    else transaction.hset(META, VERSION, version);
    await transaction.exec();
    await redis.call("CLIENT", "KILL", "TYPE", "pubsub");
  });
}
