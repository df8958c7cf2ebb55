import { performance } from "node:perf_hooks";
import type { Appender, LiveFeed, MarkFeed } from "@parley/bus";
import { createOriginPolicy, RateLimiter, UnansweredRequests } from "@parley/service";
import { ConnectionCloser } from "./connection/closer.ts";
import type { Connection } from "./connection/connection.ts";
import { Heartbeat } from "./connection/heartbeat.ts";
import { createConnectionOpener } from "./connection/opener.ts";
import { PingAnswers } from "./connection/ping-answers.ts";
import { ConnectionRegistry } from "./connection/registry.ts";
import { closeRevokedConnections } from "./connection/revoked-connections.ts";
import { TokenRenewal } from "./connection/token-renewal.ts";
import { Router } from "./http/router.ts";
import { SendRoute } from "./http/send.ts";
import { FrameHandler } from "./inbound/frame-handler.ts";
import { MessageAppender } from "./inbound/message-appender.ts";
import { ReadThrottle } from "./inbound/read-throttle.ts";
import { MarkGatherer } from "./marks/mark-gatherer.ts";
import { createMarkListener } from "./marks/mark-listener.ts";
import type { GatewayOptions } from "./options.ts";
import { createBroadcaster } from "./outbound/broadcaster.ts";
import { DeliveryTimer } from "./outbound/delivery-timer.ts";
import { FlushPolicy } from "./outbound/flush-policy.ts";
import { ReplayFilter } from "./outbound/replay-filter.ts";
import { closeSlowReader } from "./outbound/slow-reader.ts";
import { WriteScheduler } from "./outbound/write-scheduler.ts";
import { Admission } from "./upgrade/admission.ts";
import { Authenticator } from "./upgrade/authenticator.ts";
import { ConnectionLimiter } from "./upgrade/connection-limiter.ts";
import { createSocketServer } from "./upgrade/socket-server.ts";
import { UpgradeHandler } from "./upgrade/upgrade-handler.ts";

/** Steady clock, in ms. Only the expiry of tokens uses the wall clock. */
const now = () => performance.now();

/** The most read marks that may wait in a gateway, and those of one user (G5). */
const MARKS_WAITING = { maxMarks: 50_000, maxMarksPerUser: 200 };

interface Outbound {
  readonly registry: ConnectionRegistry;
  readonly writeScheduler: WriteScheduler<Connection>;
  readonly flushPolicy: FlushPolicy;
  readonly closer: ConnectionCloser;
  readonly deliveryTimer: DeliveryTimer;
  readonly live: LiveFeed;
  readonly markFeed: MarkFeed;
}

/**
 * Creates the path from the log to the clients. The other two functions need its objects, so it is called first.
 *
 * Here, and nowhere else, objects need each other in a circle:
 *
 * - registry → live feed → broadcaster → registry. The registry ends the live feed's subscription for a user whose
 *   last connection is gone. The live feed delivers messages to the broadcaster, which looks up connections in the
 *   registry.
 * - write scheduler → closer → write scheduler. The scheduler has the closer close a client that reads too slowly.
 *   The closer has the scheduler write or drop the frames that wait for a connection.
 *
 * The objects are created in this order: registry, write scheduler, closer, broadcaster, live feed. The registry and
 * the write scheduler each get a closure over a `const` that is declared further down. Such a closure runs only for
 * an open or pending connection. The first handshake adds one, after this function has returned, so the `const` is
 * always initialized. Until then the live feed may call the broadcaster, which finds no connections.
 */
export function createOutbound({ bus, config, observe }: GatewayOptions): Outbound {
  const registry = new ConnectionRegistry((user) => {
    live.leave(user);
    markFeed.leave(user);
  });
  const flushPolicy = new FlushPolicy({ maxDelayMs: config.maxFlushDelayMs });
  const deliveryTimer = new DeliveryTimer((ms) => observe({ type: "delivered", ms }));
  const writeScheduler = new WriteScheduler<Connection>({
    subscribers: registry.connections,
    policy: flushPolicy,
    onTooSlow: (connection) => closeSlowReader(connection, closer, observe),
    observe: (stats) => {
      observe({ type: "flush", ...stats });
      deliveryTimer.flushed(stats, now());
    },
  });
  const closer = new ConnectionCloser({ registry, writeScheduler, now, leaveMs: config.leaveMs });
  const replayFilter = new ReplayFilter();
  const live = bus.live(
    createBroadcaster({ registry, writeScheduler, replayFilter, deliveryTimer, observe }),
  );
  const { readReceipts } = config;
  const markFeed = bus.raiseMarks(createMarkListener({ registry, writeScheduler, readReceipts }));
  return { registry, writeScheduler, flushPolicy, closer, deliveryTimer, live, markFeed };
}

interface Inbound {
  readonly appender: Appender;
  readonly messageAppender: MessageAppender;
  readonly rateLimiter: RateLimiter;
  readonly serviceRateLimiter: RateLimiter;
  readonly markLimiter: RateLimiter;
  readonly markGatherer: MarkGatherer;
  readonly authenticator: Authenticator;
  readonly frameHandler: FrameHandler;
}

/** Creates the path from the clients to the log. */
export function createInbound(options: GatewayOptions, outbound: Outbound): Inbound {
  const { bus, verifier, revocations, config, observe } = options;
  const { registry, writeScheduler, flushPolicy, deliveryTimer, closer, markFeed } = outbound;
  const appender = bus.append();
  const rateLimiter = new RateLimiter(config.rate);
  const serviceRateLimiter = new RateLimiter(config.serviceRate);
  const markLimiter = new RateLimiter(config.markRate);
  const markGatherer = new MarkGatherer({ feed: markFeed, observe, ...config.marks, ...MARKS_WAITING });
  const authenticator = new Authenticator(verifier);
  closeRevokedConnections({ revocations, judge: verifier.judge, registry, closer });
  const messageAppender = new MessageAppender({
    appender,
    writeScheduler,
    flushPolicy,
    deliveryTimer,
    observe,
    batchIntervalMs: config.appendIntervalMs,
    maxUnanswered: config.maxUnanswered,
    onAllAnswered: (connection) => closer.finishClose(connection),
  });
  const tokenRenewal = new TokenRenewal({ authenticator, writeScheduler, observe });
  const frameHandler = new FrameHandler({
    rateLimiter,
    markLimiter,
    markGatherer,
    messageAppender,
    writeScheduler,
    tokenRenewal,
    closer,
    observe,
    maxContentBytes: config.maxContentBytes,
  });
  const limiters = { rateLimiter, serviceRateLimiter, markLimiter };
  return { appender, messageAppender, ...limiters, markGatherer, authenticator, frameHandler };
}

interface Endpoints {
  readonly upgradeHandler: UpgradeHandler;
  readonly router: Router;
  readonly heartbeat: Heartbeat;
  readonly unansweredRequests: UnansweredRequests;
}

/** Creates the handlers of HTTP requests and upgrades, and the heartbeat of the connections that upgrades open. */
export function createEndpoints(
  options: GatewayOptions,
  outbound: Outbound,
  inbound: Inbound,
  isDraining: () => boolean,
): Endpoints {
  const { config, observe, issueToken, frontSecret, page, now: wallClock = Date.now } = options;
  const { trustedProxies, heartbeatMs, maxPendingBytes } = config;
  const { registry, writeScheduler, closer, live, markFeed } = outbound;
  const { authenticator, rateLimiter, serviceRateLimiter, markLimiter } = inbound;
  const { messageAppender, frameHandler } = inbound;
  const connectionLimiter = new ConnectionLimiter(config.connections);
  const origins = createOriginPolicy({
    allowed: config.allowedOrigins,
    onRefused: (origin) => observe({ type: "origin-refused", origin }),
  });
  const admission = new Admission({ origins, authenticator, connectionLimiter, trustedProxies, isDraining });
  const unansweredRequests = new UnansweredRequests(config.maxUnanswered);
  const heartbeat = new Heartbeat({
    registry,
    closer,
    rateLimiters: [rateLimiter, serviceRateLimiter, markLimiter],
    unansweredRequests: () => unansweredRequests.total,
    observe,
    heartbeatMs,
    wallClock,
    now,
  });
  const openConnection = createConnectionOpener({
    registry,
    writeScheduler,
    frameHandler,
    readThrottle: new ReadThrottle({ rateLimiter, registry, observe, now }),
    pingAnswers: new PingAnswers(writeScheduler),
    closer,
    connectionLimiter,
    heartbeat,
    observe,
    maxPendingBytes,
    now,
  });
  const upgradeHandler = new UpgradeHandler({
    admission,
    connectionLimiter,
    registry,
    live,
    markFeed,
    socketServer: createSocketServer(),
    openConnection,
    observe,
    timeoutMs: config.handshakeTimeoutMs,
    maxPendingBytes,
    now,
  });
  const sendRoute = new SendRoute({
    admission,
    authenticator,
    messageAppender,
    rateLimiter,
    serviceRateLimiter,
    unansweredRequests,
    maxContentBytes: config.maxContentBytes,
    timeoutMs: config.handshakeTimeoutMs,
    observe,
    wallClock,
    now,
  });
  const router = new Router({ admission, sendRoute, live, origins, issueToken, frontSecret, page, observe });
  return { upgradeHandler, router, heartbeat, unansweredRequests };
}
