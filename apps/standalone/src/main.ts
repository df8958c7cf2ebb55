import { createVerifier } from "@parley/auth";
import { MemoryBus } from "@parley/bus/memory";
import { createGateway, gatewayConfig } from "@parley/gateway";
import { observeGateway } from "@parley/gateway/metrics";
import { createHistoryApi, historyConfig } from "@parley/history-api";
import { observeHistory } from "@parley/history-api/metrics";
import { isUsername } from "@parley/models";
import { openPage } from "@parley/page";
import { createPersister } from "@parley/persister";
import { observePersister } from "@parley/persister/metrics";
import * as service from "@parley/service";
import { openSqliteStore } from "@parley/store/sqlite";
import { observeAuth, observeBus, observeStore } from "@parley/telemetry";
import { readStandaloneEnv } from "./env.ts";
import { openRoles } from "./open-roles.ts";
import { routeToCores } from "./route-to-cores.ts";
import { startCore } from "./start-core.ts";
import { createTokenSigning } from "./token-signing.ts";
import { printWelcome } from "./welcome.ts";

await service.runService("standalone", async ({ log, defer }) => {
  const env = readStandaloneEnv();
  const { PORT: port, HOST: host, ADMIN_PORT, ADMIN_HOST: adminHost = host, DATA_DIR: dataDir } = env;
  const registry = service.createMetrics({ app: "standalone" });

  const store = openSqliteStore({ dir: dataDir, observe: observeStore(log, registry) });
  defer("store", () => store.close());
  const bus = new MemoryBus({ lastStored: await store.lastId(), observe: observeBus(log, registry) });
  const signing = await createTokenSigning(env.auth, { host, dataDir });
  const onToken = observeAuth(log, registry);
  const verifier = createVerifier({ ...signing.settings, isUser: isUsername, observe: onToken });
  const { consumer, unstoredMarks, tail, marks, appender, gatewayBus } = openRoles(bus, store);
  const onStored = observePersister(log, registry);
  const persister = createPersister({ consumer, marks: unstoredMarks, store, observe: onStored });
  defer("persister", startCore(persister));
  defer("bus", () => bus.close());
  const config = historyConfig(env);
  const observe = observeHistory(log, registry);
  const history = createHistoryApi({ tail, appender, marks, store, verifier, config, observe });
  defer("history", startCore(history));
  const gateway = createGateway({
    bus: gatewayBus,
    verifier,
    issueToken: signing.issue,
    page: openPage(),
    config: gatewayConfig(env),
    observe: observeGateway(log, registry),
  });
  const server = service.createPublicServer({ env, log, registry, handlers: routeToCores(gateway, history) });
  defer("server", () => service.closeServer(server));
  defer("gateway", () => gateway.close());

  const problems = () => [...gateway.problems(), ...persister.problems(), ...history.problems()];
  const admin = await service.startAdmin({ port: ADMIN_PORT, host: adminHost, registry, problems, log });
  defer("admin", () => admin.close());
  const { url } = await service.listen(server, { port, host });
  defer("connections", () => gateway.drain());
  log.info({ url, admin: admin.url }, "listening");
  await printWelcome({ url, adminUrl: admin.url, dataDir, issue: signing.issue });
});
