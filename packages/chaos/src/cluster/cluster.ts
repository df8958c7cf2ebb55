import { issueToken } from "@parley/auth";
import { type App, type AppName, type OwnServer, startApp, startMongo, startRedis } from "@parley/local";
import { startTcpProxy, type TcpProxy } from "@parley/testkit";
import { Redis } from "ioredis";

/**
 * A Parley of real processes, made to be broken: Redis, MongoDB, gateways, persisters and a history-api. Between
 * every gateway or persister and Redis, and between clients and every gateway, stands a TCP proxy that passes
 * everything until a fault tells it otherwise.
 */
export interface House {
  readonly redis: OwnServer;
  readonly mongo: OwnServer;
  readonly gateways: readonly Gateway[];
  readonly persisters: readonly Member[];
  readonly historyApi: Member;
  /** The WebSocket addresses, each through its proxy. */
  readonly urls: readonly string[];
  token(user: string, scopes?: readonly string[]): Promise<string>;
  /** Asks Redis itself, past every proxy. */
  ask<T>(question: (redis: Redis) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

interface Member {
  readonly app: App;
  /** Its way to Redis. */
  readonly toRedis: TcpProxy;
  /** What it has logged since its first start, parsed. */
  readonly log: LogLine[];
}

export interface Gateway extends Member {
  /** The way of its clients. */
  readonly fromClients: TcpProxy;
}

/** A line that an app logged. */
interface LogLine {
  readonly atMs: number;
  readonly type?: string;
  /** Of a line that is no JSON. */
  readonly text?: string;
  readonly role?: string;
  readonly up?: boolean;
  readonly ms?: number;
  readonly entries?: number;
}

export interface HouseKnobs {
  /** Added to the environment of every app. */
  readonly env?: Readonly<Record<string, string>>;
  readonly redisEnv?: Readonly<Record<string, string>>;
  /** Of the second gateway alone. */
  readonly secondGatewayEnv?: Readonly<Record<string, string>>;
  /** Bundles to run in place of what is shipped. */
  readonly builds?: Readonly<Partial<Record<AppName, string>>>;
}

/** Names in Redis that faults reach for: what an operator would type. */
export const LOG = "{parley}:log";
export const GROUP = "persisters";

const SECRET = "a-secret-of-chaos-alone-long-enough-for-HS256";
/** An hour ahead for a clock, and a day for a token: it must not end in a fault of clocks. */
const TOKEN_SECONDS = 86_400;
const ENV = {
  JWT_SECRET: SECRET,
  RATE_LIMIT: "0",
  HEARTBEAT_MS: "2000",
  DRAIN_MS: "2000",
  LOG_LEVEL: "info",
};

export async function startHouse(knobs: HouseKnobs = {}): Promise<House> {
  const closers: (() => Promise<unknown>)[] = [];
  const keep = <T>(thing: T, close: (thing: T) => Promise<unknown>): T => {
    closers.unshift(() => close(thing));
    return thing;
  };
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0)) await close();
  };
  try {
    return { ...(await openHouse(knobs, keep)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Keep = <T>(thing: T, close: (thing: T) => Promise<unknown>) => T;

async function openHouse(knobs: HouseKnobs, keep: Keep): Promise<Omit<House, "stop">> {
  const [redis, mongo] = await Promise.all([
    startRedis({ ...(knobs.redisEnv && { env: knobs.redisEnv }) }).then((server) =>
      keep(server, (s) => s.stop()),
    ),
    startMongo().then((server) => keep(server, (s) => s.stop())),
  ]);
  const member = async (name: AppName, env: Record<string, string> = {}): Promise<Member> => {
    const toRedis = keep(await startTcpProxy(redis.port), (proxy) => proxy.close());
    const log: LogLine[] = [];
    const app = await startApp(name, {
      built: true,
      file: knobs.builds?.[name],
      env: { ...ENV, REDIS_URL: toRedis.url(redis.url), MONGO_URL: mongo.url, ...knobs.env, ...env },
      onLine: (line) => void remember(log, line),
    });
    return { app: keep(app, (running) => running.kill("SIGKILL")), toRedis, log };
  };
  const gateway = async (env?: Record<string, string>): Promise<Gateway> => {
    const made = await member("gateway", env);
    const port = Number(new URL(made.app.url).port);
    return { ...made, fromClients: keep(await startTcpProxy(port), (proxy) => proxy.close()) };
  };
  // The persisters first, since a gateway is ready only once they have made the log.
  const persisters = await Promise.all([member("persister"), member("persister")]);
  const [one, two, historyApi] = await Promise.all([
    gateway(),
    gateway({ ...knobs.secondGatewayEnv }),
    member("history-api"),
  ]);
  const gateways = [one, two];
  return {
    redis,
    mongo,
    gateways,
    persisters,
    historyApi,
    urls: gateways.map(({ app, fromClients }) => `${fromClients.url(app.url).replace("http", "ws")}ws`),
    token: async (user, scopes = []) =>
      (await issueToken({ user, scopes, secret: SECRET, expiresInSeconds: TOKEN_SECONDS })).token,
    ask: (question) => asked(redis.url, question),
  };
}

async function asked<T>(url: string, question: (redis: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, commandTimeout: 10_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await question(client);
  } finally {
    client.disconnect();
  }
}

function remember(log: LogLine[], line: string): void {
  try {
    log.push({ ...JSON.parse(line), atMs: performance.now() });
  } catch {
    // What is no JSON was not written by the app's logger, but by Node.
    log.push({ atMs: performance.now(), type: "text", text: line });
  }
}
