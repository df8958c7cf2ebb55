import { createJudgingVerifier } from "@parley/auth";
import { RedisBus } from "@parley/bus/redis";
import { isUsername } from "@parley/models";
import * as service from "@parley/service";
import { openMongoStore } from "@parley/store/mongo";
import { observeAuth, observeBus, observeStore } from "@parley/telemetry";
import { persisterEnv } from "./env.ts";
import { observePersister } from "./metrics.ts";
import { createPersister, deadLetterRoutes, GATHER_MS } from "./persister.ts";

await service.runService("persister", async ({ log, stopping, defer }) => {
  const env = service.readEnv(persisterEnv);
  const registry = service.createMetrics({ app: "persister" });

  const store = openMongoStore({ url: env.MONGO_URL, observe: observeStore(log, registry) });
  defer("store", () => store.close());
  const bus = new RedisBus({
    url: env.REDIS_URL,
    namespace: env.REDIS_NAMESPACE,
    format: env.ENTRIES,
    backlogMaxBytes: env.BACKLOG_MAX_BYTES,
    dedupeWindowMs: env.DEDUPE_WINDOW_MS,
    maxTokenAgeMs: env.auth.maxTokenAgeMs,
    observe: observeBus(log, registry),
  });
  defer("bus", () => bus.close());
  const consumer = bus.consume({
    lastStored: () => store.lastId(),
    storeName: () => store.name(),
    revocations: () => store.revocations.all(),
  });
  const revocations = bus.revocations();

  const observe = observePersister(log, registry);
  const persister = createPersister({
    consumer,
    marks: bus.storeMarks(),
    store,
    revocations: { known: revocations, store },
    storeFormat: env.ENTRIES,
    gatherMs: GATHER_MS,
    observe,
  });
  const running = persister.run(stopping);
  defer("persister", () => running);

  const { auth, ADMIN_PORT, HOST } = env;
  const authOptions = { ...auth, isUser: isUsername, observe: observeAuth(log, registry) };
  const verifier = createJudgingVerifier(authOptions, revocations);
  const admin = await service.startAdmin({
    port: ADMIN_PORT,
    host: env.ADMIN_HOST ?? HOST,
    registry,
    problems: persister.problems,
    router: deadLetterRoutes(consumer.deadLetters, verifier, observe),
    log,
  });
  defer("admin", () => admin.close());
  log.info({ admin: admin.url }, "consuming");
});
