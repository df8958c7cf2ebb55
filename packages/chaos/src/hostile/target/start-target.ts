import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueToken } from "@parley/auth";
import { startApp } from "@parley/local";
import { openMongoStore } from "@parley/store/mongo";
import { openSqliteStore } from "@parley/store/sqlite";
import { startCluster } from "../../cluster/cluster.ts";
import { backlogEntries } from "../../cluster/log-inspection.ts";
import { eventually } from "../../eventually.ts";
import { type Issuer, startIssuer } from "./issuer.ts";
import { fillStore } from "./stored-messages.ts";
import { openFilesLimit, type Shape, type Target, type TargetOptions } from "./target.ts";

const SECRET = "a-secret-of-hostile-trials-alone-long-enough-for-HS256";
const TOKEN_SECONDS = 86_400;
/** Environment that undoes the settings of `startCluster` for faults. An empty variable means the app's default. */
const DEFAULTS = { RATE_LIMIT: "", HEARTBEAT_MS: "", LOG_LEVEL: "warn" };

/** Starts a system that already has the messages in `options.stored`. If a step fails, stops what has started. */
export async function startTarget(shape: Shape, options: TargetOptions): Promise<Target> {
  const issuer = options.hasIssuer ? await startIssuer() : undefined;
  try {
    const start = shape === "split" ? startSplit : startStandalone;
    const target = await start(options, issuer);
    const stop = async (): Promise<void> => {
      await target.stop();
      await issuer?.close();
    };
    return { ...target, ...(issuer && { token: (user) => issuer.token(user) }), stop };
  } catch (error) {
    await issuer?.close();
    throw error;
  }
}

/**
 * Starts two gateways, two persisters and a history-api. Of the gateways, only the first is attacked. All users
 * connect to it.
 */
async function startSplit(options: TargetOptions, issuer: Issuer | undefined): Promise<Target> {
  const cluster = await startCluster({
    isDirect: true,
    wrap: openFilesLimit(options.maxOpenFiles),
    env: { ...DEFAULTS, ...issuer?.env, ...options.env },
  });
  try {
    const { gateways, persisters, historyApi, mongo } = cluster;
    const [gateway] = gateways;
    if (!gateway) throw new Error("the cluster has no gateway");
    if (options.stored) {
      const store = openMongoStore({ url: mongo.url, timeoutMs: 60_000 });
      await fillStore(store, options.stored).finally(() => store.close());
    }
    const untilStored = async (): Promise<void> => {
      await eventually(async () => (await backlogEntries(cluster)) === 0, "the backlog to be stored");
    };
    return {
      shape: "split",
      gateway: gateway.app,
      history: historyApi.app,
      apps: [...gateways, ...persisters, historyApi].map(({ app }) => app),
      token: (user) => cluster.token(user),
      stopStoring: () => mongo.kill("SIGSTOP"),
      async resumeStoring() {
        await mongo.kill("SIGCONT");
        await untilStored();
      },
      untilStored,
      stop: () => cluster.stop(),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

async function startStandalone(options: TargetOptions, issuer: Issuer | undefined): Promise<Target> {
  const dir = await mkdtemp(join(tmpdir(), "parley-hostile-"));
  const removeData = () => rm(dir, { recursive: true, force: true });
  try {
    if (options.stored) {
      const store = openSqliteStore({ dir });
      await fillStore(store, options.stored).finally(() => store.close());
    }
    const app = await startApp("standalone", {
      built: true,
      wrap: openFilesLimit(options.maxOpenFiles),
      env: { ...DEFAULTS, DATA_DIR: dir, JWT_SECRET: SECRET, ...issuer?.env, ...options.env },
    });
    const hasNoMongo = () => Promise.reject(new Error("standalone has no MongoDB to stop"));
    return {
      shape: "standalone",
      gateway: app,
      history: app,
      apps: [app],
      token: async (user) =>
        (await issueToken({ user, secret: SECRET, expiresInSeconds: TOKEN_SECONDS })).token,
      stopStoring: hasNoMongo,
      resumeStoring: hasNoMongo,
      // Standalone stores each message before its ack.
      untilStored: async () => undefined,
      async stop() {
        await app.kill("SIGKILL");
        await removeData();
      },
    };
  } catch (error) {
    await removeData();
    throw error;
  }
}
