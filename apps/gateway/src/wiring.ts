import { performance } from "node:perf_hooks";
import type { Appender, LiveFeed } from "@parley/bus";
import { createOriginPolicy } from "@parley/service";
import { Departures } from "./connection/closer.ts";
import type { Connection } from "./connection/connection.ts";
import { Sweep } from "./connection/heartbeat.ts";
import { createOpening } from "./connection/opener.ts";
import { Audiences } from "./connection/registry.ts";
import { Renewals } from "./connection/token-renewal.ts";
import { Requests } from "./http/router.ts";
import { Inbound } from "./inbound/frame-handler.ts";
import { Sends } from "./inbound/message-appender.ts";
import { RateLimits } from "./inbound/rate-limiter.ts";
import type { GatewayOptions } from "./options.ts";
import { createFanOut } from "./outbound/broadcaster.ts";
import { FlushPolicy } from "./outbound/flush-policy.ts";
import { LogOrder } from "./outbound/replay-filter.ts";
import { Outbox } from "./outbound/write-scheduler.ts";
import { Admission } from "./upgrade/admission.ts";
import { Verifications } from "./upgrade/authenticator.ts";
import { ConnectionCounts } from "./upgrade/connection-limiter.ts";
import { createSocketServer } from "./upgrade/socket-server.ts";
import { Handshakes } from "./upgrade/upgrade-handler.ts";

/** Ms of a steady clock: for everything but tokens, whose ends are told by the calendar. */
const now = () => performance.now();

interface Outgoing {
  readonly audiences: Audiences;
  readonly outbox: Outbox<Connection>;
  readonly policy: FlushPolicy;
  readonly departures: Departures;
  readonly live: LiveFeed;
}

/** From the log to the clients. */
export function outgoingParts({ bus, config, observe }: GatewayOptions): Outgoing {
  const audiences = new Audiences((user) => live.leave(user));
  const policy = new FlushPolicy({ maxDelayMs: config.maxFlushDelayMs });
  const outbox = new Outbox<Connection>({
    everybody: audiences.everybody,
    policy,
    tooSlow: (connection) => departures.tooSlow(connection),
    observe: (flushed) => observe({ type: "flush", ...flushed }),
  });
  const departures = new Departures({ audiences, outbox, observe, now, leaveMs: config.leaveMs });
  const live = bus.live(createFanOut({ audiences, outbox, order: new LogOrder(), observe }));
  return { audiences, outbox, policy, departures, live };
}

interface Incoming {
  readonly append: Appender;
  readonly sends: Sends;
  readonly rates: RateLimits;
  readonly verifications: Verifications;
  readonly inbound: Inbound;
}

/** From the clients to the log. */
export function incomingParts(options: GatewayOptions, { outbox, policy, departures }: Outgoing): Incoming {
  const { bus, verifier, config, observe } = options;
  const { maxUnanswered, maxContentBytes } = config;
  const append = bus.append();
  const rates = new RateLimits(config.rate);
  const verifications = new Verifications(verifier);
  const settled = (connection: Connection) => departures.settled(connection);
  const sends = new Sends({ append, outbox, policy, observe, maxUnanswered, settled });
  const renewals = new Renewals({ verifications, outbox, observe });
  const inbound = new Inbound({ rates, sends, outbox, renewals, departures, observe, maxContentBytes, now });
  return { append, sends, rates, verifications, inbound };
}

interface Doors {
  readonly handshakes: Handshakes;
  readonly requests: Requests;
  readonly sweep: Sweep;
}

/** Where clients come in, and what ends those who have nothing to say. */
export function doorParts(
  options: GatewayOptions,
  outgoing: Outgoing,
  incoming: Incoming,
  isDraining: () => boolean,
): Doors {
  const { config, observe, issueToken, page, now: wallClock = Date.now } = options;
  const { trustedProxies, heartbeatMs, maxPendingBytes, handshakeTimeoutMs: timeoutMs } = config;
  const { live } = outgoing;
  const counts = new ConnectionCounts(config.connections);
  const origins = createOriginPolicy({ allowed: config.allowedOrigins });
  const { verifications, rates, inbound } = incoming;
  const admission = new Admission({ origins, verifications, counts, trustedProxies, isDraining });
  const sweep = new Sweep({ ...outgoing, rates, heartbeatMs, wallClock, now });
  const opened = createOpening({ ...outgoing, inbound, counts, sweep, observe, maxPendingBytes, now });
  const server = createSocketServer();
  const handshakes = new Handshakes({
    ...outgoing,
    ...{ admission, counts, server, opened, observe, timeoutMs, maxPendingBytes },
  });
  const requests = new Requests({ admission, live, origins, issueToken, page, observe });
  return { handshakes, requests, sweep };
}
