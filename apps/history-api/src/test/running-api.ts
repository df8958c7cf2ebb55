import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVerifier, issueToken, withRevocations } from "@parley/auth";
import type { Appender, LogTail, Revocations } from "@parley/bus";
import { MemoryBus } from "@parley/bus/memory";
import { isUsername, ORIGIN } from "@parley/models";
import { assertDocumented } from "@parley/models/test/documented";
import { closeServer, createHttpServer, listen, rateLimitOf, TrustedProxies } from "@parley/service";
import type { Store } from "@parley/store";
import { openSqliteStore } from "@parley/store/sqlite";
import type { HistoryConfig } from "../config.ts";
import type { HistoryEvent } from "../events.ts";
import { createHistoryApi, type HistoryApi } from "../history-api.ts";
import type { RequestLimits } from "../limits/request-limiter.ts";

const SECRET = "a secret of this test, long enough for HS256";

/** Limits that no test reaches. */
export const LIMITS: RequestLimits = {
  requests: 1_000,
  requestsPerUser: 1_000,
  requestsPerAddress: 1_000,
  streams: 100,
  streamsPerUser: 100,
  waits: 100,
  responseBytes: 1_000_000_000,
  readBytesPerSecond: Number.POSITIVE_INFINITY,
};

const CONFIG: HistoryConfig = {
  rate: rateLimitOf(1_000_000),
  maxUnanswered: 100,
  readReceipts: true,
  maxContentBytes: 8_192,
  allowedOrigins: undefined,
  trustedProxies: TrustedProxies.none,
  limits: LIMITS,
  answerTimeoutMs: 60_000,
  slowClientMs: 10_000,
  catchUpMs: 2_000,
  maxTailBytes: 1_000_000_000,
};

export interface RequestOptions {
  /** The token's user; "" sends no token. */
  readonly user?: string | undefined;
  readonly scopes?: readonly string[];
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A history-api behind a real HTTP server, over a SQLite store in a temporary folder. */
export class RunningApi {
  readonly url: string;
  readonly api: HistoryApi;
  readonly store: Store;
  /** The read marks that aren't stored, by `user:other`. */
  readonly marks: Map<string, string>;
  readonly events: HistoryEvent[];
  readonly revocations: Revocations;
  /** Aborted when `beginToStop` is called, as at SIGTERM. */
  readonly #stopping: AbortController;
  readonly #stop: () => Promise<void>;

  private constructor(
    started: Pick<RunningApi, "url" | "api" | "store" | "marks" | "events" | "revocations">,
    stopping: AbortController,
    stop: () => Promise<void>,
  ) {
    ({ url: this.url, api: this.api, store: this.store, events: this.events } = started);
    ({ marks: this.marks, revocations: this.revocations } = started);
    this.#stopping = stopping;
    this.#stop = stop;
  }

  /** `wrapStore` may put a wrapper between the API and the store. */
  static async start(
    createTail: (store: Store) => LogTail | Promise<LogTail>,
    changes: Partial<HistoryConfig> = {},
    wrapStore: (store: Store) => Store = (store) => store,
    appender: Pick<Appender, "append"> = { append: () => Promise.reject(new Error("no appender")) },
  ): Promise<RunningApi> {
    const dir = await mkdtemp(join(tmpdir(), "parley-history-"));
    const store = openSqliteStore({ dir });
    const events: HistoryEvent[] = [];
    const revocations = new MemoryBus({ lastStored: ORIGIN }).revocations();
    const marks = new Map<string, string>();
    const verifier = withRevocations(createVerifier({ secrets: [SECRET], isUser: isUsername }), revocations);
    const stopping = new AbortController();
    const api = createHistoryApi({
      stopping: stopping.signal,
      tail: await createTail(store),
      appender,
      marks: { find: async (names) => names.map(({ user, with: other }) => marks.get(`${user}:${other}`)) },
      store: wrapStore(store),
      verifier,
      config: { ...CONFIG, ...changes },
      observe: (event) => events.push(event),
    });
    const stop = new AbortController();
    const running = api.run(stop.signal);
    const server = createHttpServer({ handlers: api });
    const { url } = await listen(server, { port: 0, host: "127.0.0.1" });
    return new RunningApi({ url, api, store, marks, events, revocations }, stopping, async () => {
      await closeServer(server, 100);
      stop.abort();
      await running;
      await store.close();
      await rm(dir, { recursive: true });
    });
  }

  beginToStop(): void {
    this.#stopping.abort();
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  async fetch(
    path: string,
    { user = "alice", scopes = [], ...options }: RequestOptions = {},
  ): Promise<Response> {
    const authorization = user === "" ? {} : { authorization: `Bearer ${await tokenOf(user, scopes)}` };
    const headers = { ...authorization, ...options.headers };
    return fetch(this.url + path, { ...options, headers });
  }

  /** Sends a request and reads the answer. Rejects if it is an error that the OpenAPI document doesn't list for its route. */
  async request(path: string, requestOptions: RequestOptions = {}) {
    const response = await this.fetch(path, requestOptions);
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    const body = text === "" ? undefined : JSON.parse(text);
    if (type.includes("problem+json") && body)
      assertDocumented(requestOptions.method ?? "GET", path, body.code);
    return { status: response.status, headers: response.headers, type, body };
  }
}

export async function tokenOf(user: string, scopes: readonly string[] = []): Promise<string> {
  return (await issueToken({ user, secret: SECRET, scopes })).token;
}
