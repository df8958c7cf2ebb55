import { createJudgingVerifier } from "@parley/auth";
import { MemoryBus } from "@parley/bus/memory";
import { createGateway, gatewayConfig, revocationRoutes } from "@parley/gateway";
import { observeGateway } from "@parley/gateway/metrics";
import { createHistoryApi, historyConfig } from "@parley/history-api";
import { observeHistory } from "@parley/history-api/metrics";
import { openPage } from "@parley/page";
import { createPersister } from "@parley/persister";
import { observePersister } from "@parley/persister/metrics";
import * as service from "@parley/service";
import { openSqliteStore } from "@parley/store/sqlite";
import { observeAuth, observeBus, observeStore } from "@parley/telemetry";
import { readStandaloneEnv } from "./env.ts";
import { logOptions, openRoles } from "./open-log.ts";
import { routeToCores } from "./route-to-cores.ts";
import { startCore } from "./start-core.ts";
import { createTokenSigning } from "./token-signing.ts";
import { printWelcome } from "./welcome.ts";

await service.runService("standalone", async ({ log, defer, stopping }) => {
  const env = readStandaloneEnv();
  const { PORT: port, HOST: host, ADMIN_PORT, ADMIN_HOST: adminHost = host, DATA_DIR: dataDir } = env;
  const registry = service.createMetrics({ app: "standalone" });
  const store = openSqliteStore({ dir: dataDir, observe: observeStore(log, registry) });
  defer("store", () => store.close());
  const bus = new MemoryBus(await logOptions(store, env.auth.maxTokenAgeMs, observeBus(log, registry)));
  const { appender, consumer, revocations, tail, marks, unstoredMarks, gatewayBus } = openRoles(bus, store);
  const signing = await createTokenSigning(env.auth, { host, dataDir });
  const authOptions = { ...signing.settings, observe: observeAuth(log, registry) };
  const verifier = createJudgingVerifier(authOptions, revocations);
  const storing = { consumer, marks: unstoredMarks, store, gatherMs: 0 };
  const persister = createPersister({ ...storing, observe: observePersister(log, registry) });
  defer("persister", startCore(persister));
  defer("bus", () => bus.close());
  const [config, observe] = [historyConfig(env), observeHistory(log, registry)];
  const history = createHistoryApi({ tail, appender, marks, store, verifier, config, stopping, observe });
  defer("history", startCore(history));
  const onEvent = observeGateway(log, registry);
  const gateway = createGateway({
    bus: gatewayBus,
    verifier,
    revocations,
    issueToken: signing.issue,
    page: openPage(),
    config: gatewayConfig(env),
    observe: onEvent,
  });
  const server = service.createPublicServer({ env, log, registry, handlers: routeToCores(gateway, history) });
  defer("server", () => service.closeServer(server));
  defer("gateway", () => gateway.close());
  const problems = () => [...gateway.problems(), ...persister.problems(), ...history.problems()];
  const router = revocationRoutes({ revocations, verifier, observe: onEvent });
  const adminOptions = { port: ADMIN_PORT, host: adminHost, registry, problems, router, log };
  const admin = await service.startAdmin(adminOptions);
  defer("admin", () => admin.close());
  const { url } = await service.listen(server, { port, host });
  defer("connections", () => gateway.drain());
  log.info({ url, admin: admin.url }, "listening");
  await printWelcome({ url, adminUrl: admin.url, dataDir, issue: signing.issue });
});
