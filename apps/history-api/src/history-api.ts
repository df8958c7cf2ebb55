import type { IncomingMessage, ServerResponse } from "node:http";
import type { Verifier } from "@parley/auth";
import type { LogTail } from "@parley/bus";
import { createOriginPolicy } from "@parley/service";
import type { Store } from "@parley/store";
import type { HistoryConfig } from "./config.ts";
import type { Observe } from "./events.ts";
import { Admission } from "./http/admission.ts";
import { createHttp } from "./http/app.ts";
import { Follower } from "./log-tail/follower.ts";
import { Conversations } from "./queries/conversations.ts";
import { History } from "./queries/history.ts";
import { Routes } from "./routes/routes.ts";
import { StoreWatch } from "./store/store-watch.ts";

export { type HistoryConfig, historyConfig, historyFields } from "./config.ts";
export type { HistoryEvent, Observe } from "./events.ts";

export interface HistoryApiOptions {
  readonly tail: LogTail;
  readonly store: Pick<Store, "page" | "sync" | "conversations" | "findByRef" | "ping">;
  readonly verifier: Verifier;
  readonly config: HistoryConfig;
  readonly observe: Observe;
  /** Ms of a steady clock (L20). */
  readonly now?: () => number;
}

export interface HistoryApi {
  /** For the `request` event of an HTTP server: /messages, /messages/:username, /sync, /conversations, the documents, /, and 404 for the rest. */
  handleRequest(req: IncomingMessage, res: ServerResponse): void;
  /** Follows the log until `signal` is aborted; before, nothing can be answered. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** What keeps history from being answered at this moment, in words for an operator; empty when ready. */
  problems(): string[];
}

const RETRY = { minMs: 50, maxMs: 2_000 };

/** A core: it listens on nothing and reads no environment. The tail and the store are its caller's to close. */
export function createHistoryApi(options: HistoryApiOptions): HistoryApi {
  const { tail, store, verifier, config, observe, now = () => performance.now() } = options;
  const limits = { catchUpMs: config.catchUpMs, maxBytes: config.maxTailBytes, retry: RETRY };
  const follower = new Follower({ tail, observe, limits, now });
  const storeWatch = new StoreWatch(store, observe);
  const admission = new Admission(config.limits);
  const history = new History(follower, store, observe);
  const conversations = new Conversations(follower, store);
  const { slowClientMs } = config;
  const routes = new Routes({ history, conversations, verifier, admission, slowClientMs, observe });
  const origins = createOriginPolicy({ allowed: config.allowedOrigins });

  return {
    handleRequest: createHttp({ routes, origins, admission, slowClientMs, observe }),
    async run(signal) {
      await Promise.all([follower.run(signal), storeWatch.run(signal)]);
    },
    problems: () =>
      [follower.problem(), storeWatch.problem(), verifier.problem()].filter((text) => text !== undefined),
  };
}
