import { issueToken } from "@parley/auth";
import {
  type App,
  type AppName,
  type LocalServer,
  type SentinelGroup,
  startApp,
  startMongo,
  startRedis,
  startSentinelGroup,
} from "@parley/local";
import { startTcpProxy, type TcpProxy } from "@parley/testkit";
import { Redis } from "ioredis";
import { type LogLine, parseLogLine, problemOfLine } from "./log-line.ts";

/**
 * A running Parley for fault injection: Redis, MongoDB, two gateways, two persisters and one or two history-apis, each a
 * real process.
 *
 * Each app reaches Redis through a TCP proxy of its own, all apps reach MongoDB through another one, and each persister
 * through one more before that. Clients reach each gateway through another one. The proxies forward everything until a fault changes their mode.
 */
export interface Cluster {
  /** The only Redis, or the first master if Sentinels are used. */
  readonly redis: LocalServer;
  readonly sentinels: SentinelGroup | undefined;
  readonly mongo: LocalServer;
  /** The proxy between all apps and MongoDB. */
  readonly mongoProxy: TcpProxy;
  readonly gateways: readonly Gateway[];
  readonly persisters: readonly Persister[];
  /** The first of `historyApis`. */
  readonly historyApi: ClusterApp;
  readonly historyApis: readonly ClusterApp[];
  /** WebSocket addresses of the gateways, through their proxies. */
  readonly urls: readonly string[];
  token(user: string, scopes?: readonly string[]): Promise<string>;
  /** Runs commands on a direct connection to Redis, to the present master, that bypasses the proxies. */
  withRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T>;
  /** Returns what was wrong with the apps' log lines since the last call. */
  takeLogProblems(): readonly string[];
  stop(): Promise<void>;
}

/** An app of the cluster. */
export interface ClusterApp {
  readonly app: App;
  /** The proxy between the app and Redis. */
  readonly redisProxy: TcpProxy;
  /** Every line that the app has logged since its first start, parsed. */
  readonly logLines: LogLine[];
}

export interface Persister extends ClusterApp {
  /** The proxy between the persister and `mongoProxy`. */
  readonly mongoProxy: TcpProxy;
}

export interface Gateway extends ClusterApp {
  /** The proxy between the clients and the gateway. */
  readonly clientProxy: TcpProxy;
}

export interface ClusterOptions {
  /** Added to the environment of every app. */
  readonly env?: Readonly<Record<string, string>>;
  /** Added to the environment of Redis. */
  readonly redisEnv?: Readonly<Record<string, string>>;
  /** Added to the environment of the second gateway. */
  readonly secondGatewayEnv?: Readonly<Record<string, string>>;
  /** Paths of bundles that run in place of the shipped ones. */
  readonly builds?: Readonly<Partial<Record<AppName, string>>>;
  /**
   * True to leave the log's format to the builds. By default the persisters give it format 2, so that changes are possible
   * after the log was lost too (L25).
   */
  readonly keepsFormat?: boolean;
  /** Number of history-apis. Default 1. */
  readonly historyApis?: number;
  /** Runs Redis with replicas and Sentinels. The apps then connect to Redis directly. */
  readonly isSentinelled?: boolean;
  /** Connects the apps to Redis and MongoDB directly, because the proxies would slow down a system whose speed is measured. */
  readonly isDirect?: boolean;
  /** Command that starts every app, as `wrap` of `startApp`. */
  readonly wrap?: readonly string[] | undefined;
}

/** Redis key of the log. Faults use the key directly, as an operator would. */
export const LOG = "{parley}:log";
/** Redis key of the log's metadata. */
export const META = "{parley}:meta";
/** Name of the persisters' consumer group. */
export const GROUP = "persisters";

const SECRET = "a-secret-of-chaos-alone-long-enough-for-HS256";
/** A day: tokens must stay valid while F17 moves clocks by an hour. */
const TOKEN_SECONDS = 86_400;
const ENV = {
  JWT_SECRET: SECRET,
  RATE_LIMIT: "0",
  HEARTBEAT_MS: "2000",
  DRAIN_MS: "2000",
  LOG_LEVEL: "info",
};

/** Starts a cluster. If a process fails to start, stops those that have started. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const closers: (() => Promise<unknown>)[] = [];
  const track = <T>(resource: T, close: (resource: T) => Promise<unknown>): T => {
    closers.unshift(() => close(resource));
    return resource;
  };
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0)) await close();
  };
  try {
    return { ...(await startProcesses(options, track)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Registers a resource that the cluster closes when it stops, and returns the resource. The last one is closed first.
 */
type Track = <T>(resource: T, close: (resource: T) => Promise<unknown>) => T;

async function startProcesses(options: ClusterOptions, track: Track): Promise<Omit<Cluster, "stop">> {
  const [{ redis, sentinels }, mongo] = await Promise.all([
    startLog(options, track),
    startMongo().then((server) => track(server, (s) => s.stop())),
  ]);
  const mongoProxy = track(await startTcpProxy(mongo.port), (proxy) => proxy.close());
  const mongoUrl = options.isDirect ? mongo.url : mongoProxy.url(mongo.url);
  const logProblems: string[] = [];
  const start = async (name: AppName, env: Record<string, string> = {}): Promise<ClusterApp> => {
    const redisProxy = track(await startTcpProxy(redis.port), (proxy) => proxy.close());
    const redisUrl = sentinels?.url ?? (options.isDirect ? redis.url : redisProxy.url(redis.url));
    const logLines: LogLine[] = [];
    const app = await startApp(name, {
      built: true,
      file: options.builds?.[name],
      wrap: options.wrap,
      env: { ...ENV, REDIS_URL: redisUrl, MONGO_URL: mongoUrl, ...options.env, ...env },
      onLine: (line, stream) => {
        logLines.push(parseLogLine(line));
        const problem = stream === "stdout" ? problemOfLine(line) : undefined;
        if (problem !== undefined) logProblems.push(`${name}: ${problem}`);
      },
    });
    return { app: track(app, (running) => running.kill("SIGKILL")), redisProxy, logLines };
  };
  const startPersister = async (): Promise<Persister> => {
    const proxy = track(await startTcpProxy(mongoProxy.port), (each) => each.close());
    const env = {
      ...(!options.isDirect && { MONGO_URL: proxy.url(mongo.url) }),
      ...(!options.keepsFormat && { ENTRIES: "2" }),
    };
    return { ...(await start("persister", env)), mongoProxy: proxy };
  };
  const startGateway = async (env?: Record<string, string>): Promise<Gateway> => {
    const gateway = await start("gateway", env);
    const port = Number(new URL(gateway.app.url).port);
    return { ...gateway, clientProxy: track(await startTcpProxy(port), (proxy) => proxy.close()) };
  };
  // The persisters come first: a gateway is ready only after they have created the log.
  const persisters = await Promise.all([startPersister(), startPersister()]);
  const [one, two, historyApi, ...others] = await Promise.all([
    startGateway(),
    startGateway({ ...options.secondGatewayEnv }),
    start("history-api"),
    ...Array.from({ length: (options.historyApis ?? 1) - 1 }, () => start("history-api")),
  ]);
  const gateways = [one, two];
  return {
    redis,
    sentinels,
    mongo,
    mongoProxy,
    gateways,
    persisters,
    historyApi,
    historyApis: [historyApi, ...others],
    urls: gateways.map(({ app, clientProxy }) => `${clientProxy.url(app.url).replace("http", "ws")}ws`),
    token: async (user, scopes = []) =>
      (await issueToken({ user, scopes, secret: SECRET, expiresInSeconds: TOKEN_SECONDS })).token,
    withRedis: async (work) => withRedis((await sentinels?.master())?.url ?? redis.url, work),
    takeLogProblems: () => logProblems.splice(0),
  };
}

async function startLog(
  { redisEnv, isSentinelled }: ClusterOptions,
  track: Track,
): Promise<Pick<Cluster, "redis" | "sentinels">> {
  if (!isSentinelled) {
    const redis = await startRedis({ ...(redisEnv && { env: redisEnv }) });
    return { redis: track(redis, (server) => server.stop()), sentinels: undefined };
  }
  const sentinels = track(await startSentinelGroup(), (group) => group.stop());
  return { redis: await sentinels.master(), sentinels };
}

async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, commandTimeout: 10_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    client.disconnect();
  }
}
