import { setTimeout as delay } from "node:timers/promises";
import { issueToken } from "@parley/auth";
import { type App, type LocalServer, startApp, startMongo, startRedis } from "@parley/local";
import { startTcpProxy } from "@parley/testkit";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

/** Durations of the rules in this system, compared with the real ones. */
const FACTOR = 1 / 6;
const SECRET = "a-secret-of-the-monitoring-tests-for-HS256";
const BACKLOG = 10_000;
/** An insert takes several replies. So the oldest message is always older than a sixth of the alert's 30 s. */
const HELD_MS = 3_000;

/** Redis, MongoDB, one process of each app, a Prometheus that watches them, and a user who sends all the time. */
export interface MonitoredSystem {
  readonly prometheus: Prometheus;
  readonly redis: LocalServer;
  readonly mongo: LocalServer;
  /** Sets how many messages the user sends each second. */
  setRate(perSecond: number): void;
  /** Holds each reply of MongoDB to the persister back for seconds, until the returned function is called. */
  slowDownStore(): () => Promise<void>;
  stop(): Promise<void>;
}

export async function startMonitoredSystem(): Promise<MonitoredSystem> {
  const [redis, mongo] = await Promise.all([startRedis(), startMongo()]);
  const storeProxy = await startTcpProxy(mongo.port);
  const env = {
    JWT_SECRET: SECRET,
    RATE_LIMIT: "0",
    REDIS_URL: redis.url,
    MONGO_URL: mongo.url,
    BACKLOG_MAX_ENTRIES: String(BACKLOG),
  };
  const persister = await startApp("persister", { env: { ...env, MONGO_URL: storeProxy.url(mongo.url) } });
  const apps: App[] = [
    persister,
    ...(await Promise.all([startApp("gateway", { env }), startApp("history-api", { env })])),
  ];
  const targets = apps.map(({ name, adminUrl }) => ({ job: name, adminUrl }));
  const prometheus = await startPrometheus(targets, FACTOR);
  const sender = await startSender(apps[1]?.url ?? "");
  return {
    prometheus,
    redis,
    mongo,
    setRate: sender.setRate,
    slowDownStore() {
      let isSlow = true;
      const toggling = (async () => {
        while (isSlow) {
          storeProxy.set("down", "stall");
          await delay(HELD_MS);
          const { down } = storeProxy.bytes();
          storeProxy.set("down", "pass");
          while (isSlow && storeProxy.bytes().down === down) await delay(1);
        }
        storeProxy.set("both", "pass");
      })();
      return async () => {
        isSlow = false;
        await toggling;
      };
    },
    async stop() {
      sender.stop();
      await prometheus.stop();
      for (const app of apps) await app.kill("SIGKILL");
      await storeProxy.close();
      await Promise.all([redis.stop(), mongo.stop()]);
    },
  };
}

/** Connects one user who sends public and private messages, and doesn't wait for their answers. */
async function startSender(url: string): Promise<{ setRate(perSecond: number): void; stop(): void }> {
  const { token } = await issueToken({ user: "alice", secret: SECRET });
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, ["chat.v1", `bearer.${token}`]);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  let rate = 10;
  let sent = 0;
  const timer = setInterval(() => {
    for (let n = 0; n < rate / 10; n += 1) {
      sent += 1;
      socket.send(JSON.stringify({ to: sent % 2 ? "bob" : "", content: "hello", ref: String(sent) }));
    }
  }, 100);
  return {
    setRate(perSecond) {
      rate = perSecond;
    },
    stop() {
      clearInterval(timer);
      socket.close();
    },
  };
}
