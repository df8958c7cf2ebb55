import { createJudgingVerifier } from "@parley/auth";
import { RedisBus } from "@parley/bus/redis";
import { isUsername } from "@parley/models";
import { openPage } from "@parley/page";
import * as service from "@parley/service";
import { observeAuth, observeBus } from "@parley/telemetry";
import { gatewayEnv } from "./env.ts";
import { createGateway, gatewayConfig, revocationRoutes } from "./gateway.ts";
import { createTokenIssuer } from "./http/token-issuer.ts";
import { observeGateway } from "./metrics.ts";

await service.runService("gateway", async ({ log, defer }) => {
  const env = service.readEnv(gatewayEnv);
  const registry = service.createMetrics({ app: "gateway" });
  const bus = new RedisBus({
    ...env.bus,
    maxTokenAgeMs: env.auth.maxTokenAgeMs,
    observe: observeBus(log, registry),
  });
  defer("bus", () => bus.close());

  const [append, revocations] = [bus.append(), bus.revocations()];
  const authOptions = { ...env.auth, isUser: isUsername, observe: observeAuth(log, registry) };
  const verifier = createJudgingVerifier(authOptions, revocations);
  const observe = observeGateway(log, registry);
  const gateway = createGateway({
    bus: { append: () => append, live: (on) => bus.live(on), raiseMarks: (on) => bus.raiseMarks(on) },
    verifier,
    revocations,
    issueToken: createTokenIssuer(env.auth),
    frontSecret: env.FRONT_SECRET,
    page: openPage(),
    config: gatewayConfig(env),
    observe,
  });
  const server = service.createPublicServer({ env, log, registry, handlers: gateway });
  defer("server", () => service.closeServer(server));
  defer("gateway", () => gateway.close());

  const { ADMIN_PORT, HOST, PORT, REUSE_PORT: reusePort } = env;
  const admin = await service.startAdmin({
    port: ADMIN_PORT,
    host: env.ADMIN_HOST ?? HOST,
    registry,
    problems: gateway.problems,
    router: revocationRoutes({ revocations, verifier, observe }),
    log,
  });
  defer("admin", () => admin.close());
  const { url } = await service.listen(server, { port: PORT, host: HOST, reusePort });
  defer("connections", () => gateway.drain());
  log.info({ url, admin: admin.url }, "listening");
});
