import type { IncomingMessage, ServerResponse } from "node:http";
import { sleep } from "@parley/async";
import type { JudgingVerifier } from "@parley/auth";
import type { Appender, LogTail, MarkReader } from "@parley/bus";
import { createOriginPolicy, RateLimiter, UnansweredRequests } from "@parley/service";
import type { Store } from "@parley/store";
import { Changes } from "./changing/changes.ts";
import type { HistoryConfig } from "./config.ts";
import type { Observe } from "./events.ts";
import { FeedWaits } from "./feed/feed-waits.ts";
import { createApp } from "./http/app.ts";
import { RequestLimiter } from "./limits/request-limiter.ts";
import { LogFollower } from "./log-tail/log-follower.ts";
import { watchLog } from "./log-tail/log-watch.ts";
import { ReadStates } from "./marks/read-states.ts";
import { Conversations } from "./queries/conversations.ts";
import { History } from "./queries/history.ts";
import { RefLookup } from "./queries/ref-lookup.ts";
import { StoreWatch } from "./store/store-watch.ts";

export { type HistoryConfig, historyConfig, historyFields } from "./config.ts";
export type { HistoryEvent, Observe } from "./events.ts";

export interface HistoryApiOptions {
  readonly tail: LogTail;
  /** Appends edits and deletions (P73). */
  readonly appender: Pick<Appender, "append">;
  /** The read marks that aren't stored yet (P71). */
  readonly marks: MarkReader;
  readonly store: Pick<
    Store,
    | "marks"
    | "page"
    | "sync"
    | "feed"
    | "conversations"
    | "findByRef"
    | "findByIds"
    | "changes"
    | "findChange"
    | "ping"
  >;
  readonly verifier: JudgingVerifier;
  readonly config: HistoryConfig;
  /** Aborted when the process begins to stop. Requests that wait for entries are answered then (P63). */
  readonly stopping: AbortSignal;
  readonly observe: Observe;
  /** The current time of a monotonic clock, in ms (L20). */
  readonly now?: () => number;
}

export interface HistoryApi {
  /**
   * Handles the `request` event of an HTTP server. Serves `/messages`, `/messages/:username`, `/message/:id`,
   * `/sync`, `/feed`, `/conversations`, the documents and `/`; answers 404 for other paths.
   */
  handleRequest(req: IncomingMessage, res: ServerResponse): void;
  /** Follows the log until `signal` is aborted. Requests get 503 until the log's end is reached. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Reasons why history can't be served now, for `/readyz`. Empty if ready. */
  problems(): string[];
}

const LOAD_INTERVAL_MS = 1_000;
const FOLLOWER_RETRY = { minMs: 50, maxMs: 2_000 };

/**
 * Creates the core of history-api, which neither listens on a port nor reads the environment. The caller closes the
 * tail and the store.
 */
export function createHistoryApi(options: HistoryApiOptions): HistoryApi {
  const {
    tail,
    appender,
    marks,
    store,
    verifier,
    config,
    stopping,
    observe,
    now = () => performance.now(),
  } = options;
  const { answerTimeoutMs, catchUpMs, maxTailBytes, slowClientMs, trustedProxies } = config;
  const limits = { catchUpMs, maxBytes: maxTailBytes, retry: FOLLOWER_RETRY };
  const follower = new LogFollower({ tail, observe, limits, now });
  const storeWatch = new StoreWatch(store, observe);
  const refLookup = new RefLookup(store, observe);
  const history = new History({ follower, store, refLookup, observe });
  const conversations = new Conversations({ follower, store, refLookup });
  const readStates = new ReadStates({ marks, store, history, readReceipts: config.readReceipts });
  const changes = new Changes({ follower, store, refLookup, appender });
  const rateLimiter = new RateLimiter(config.rate);
  const unansweredRequests = new UnansweredRequests(config.maxUnanswered);
  const limiter = new RequestLimiter({
    limits: config.limits,
    onRefused: (limit, share) => observe({ type: "limited", limit, share }),
    onDisplaced: (limit) => observe({ type: "displaced", limit }),
    now,
  });
  const feedWaits = new FeedWaits({ follower, limiter, stopping });
  const origins = createOriginPolicy({
    allowed: config.allowedOrigins,
    onRefused: (origin) => observe({ type: "origin-refused", origin }),
  });

  return {
    handleRequest: createApp({
      history,
      conversations,
      feedWaits,
      readStates,
      changes,
      rateLimiter,
      unansweredRequests,
      maxContentBytes: config.maxContentBytes,
      now,
      verifier,
      origins,
      limiter,
      trustedProxies,
      answerTimeoutMs,
      slowClientMs,
      observe,
    }),
    async run(signal) {
      await Promise.all([
        follower.run(signal),
        storeWatch.run(signal),
        watchLoad({ limiter, rateLimiter, unansweredRequests, observe, now }, signal),
        watchLog(tail, observe, signal),
      ]);
    },
    problems: () =>
      [follower.problem(), storeWatch.problem(), verifier.problem()].filter((text) => text !== undefined),
  };
}

interface WatchedLoad {
  readonly limiter: RequestLimiter;
  readonly rateLimiter: RateLimiter;
  readonly unansweredRequests: UnansweredRequests;
  readonly observe: Observe;
  readonly now: () => number;
}

/**
 * Once a second, reports how much of each limit is in use, and forgets idle users. Returns when `signal` is aborted.
 */
async function watchLoad(
  { limiter, rateLimiter, unansweredRequests, observe, now }: WatchedLoad,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    limiter.forgetIdleUsers();
    rateLimiter.forgetIdleUsers(now());
    observe({ type: "load", ...limiter.load, unansweredChanges: unansweredRequests.total });
    await sleep(LOAD_INTERVAL_MS, signal);
  }
}
