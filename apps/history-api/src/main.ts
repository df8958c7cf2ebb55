import { createJudgingVerifier } from "@parley/auth";
import { RedisBus } from "@parley/bus/redis";
import { isUsername } from "@parley/models";
import * as service from "@parley/service";
import { openMongoStore } from "@parley/store/mongo";
import { observeAuth, observeBus, observeStore } from "@parley/telemetry";
import { historyEnv } from "./env.ts";
import { createHistoryApi, historyConfig } from "./history-api.ts";
import { observeHistory } from "./metrics.ts";

await service.runService("history-api", async ({ log, defer, stopping }) => {
  const env = service.readEnv(historyEnv);
  const registry = service.createMetrics({ app: "history-api" });

  const store = openMongoStore({ url: env.MONGO_URL, observe: observeStore(log, registry) });
  defer("store", () => store.close());
  const bus = new RedisBus({
    ...env.bus,
    maxTokenAgeMs: env.auth.maxTokenAgeMs,
    observe: observeBus(log, registry),
  });
  defer("bus", () => bus.close());

  const appender = bus.append();
  const authOptions = { ...env.auth, isUser: isUsername, observe: observeAuth(log, registry) };
  const verifier = createJudgingVerifier(authOptions, bus.revocations());
  const history = createHistoryApi({
    tail: bus.tail(),
    appender,
    marks: bus.findMarks(),
    store,
    verifier,
    config: historyConfig(env),
    stopping,
    observe: observeHistory(log, registry),
  });
  const stopFollower = new AbortController();
  const followerEnded = history.run(stopFollower.signal);
  defer("follower", () => {
    stopFollower.abort();
    return followerEnded;
  });

  const { PORT: port, HOST: host, ADMIN_PORT, ADMIN_HOST: adminHost = host } = env;
  const problems = () => [...(stopping.aborted ? ["this process is stopping"] : []), ...history.problems()];
  const admin = await service.startAdmin({ port: ADMIN_PORT, host: adminHost, registry, problems, log });
  defer("admin", () => admin.close());
  const server = service.createPublicServer({ env, log, registry, handlers: history });
  const { url } = await service.listen(server, { port, host });
  defer("server", () => service.closeServer(server, 15_000));
  log.info({ url, admin: admin.url }, "listening");
});
