import { join } from "node:path";
import type { App } from "@parley/local";
import { PUBLIC_CONVERSATION } from "@parley/models";
import { type Load, startLoad } from "../load/load.ts";
import type { GetTasks } from "../load/tasks/get.ts";
import type { Context, Row, Scenario } from "../runner/scenario.ts";
import { type Cluster, withCluster } from "../targets/cluster.ts";
import { PEERS, peersAreInstalled } from "../targets/peers-folder.ts";
import { tokensFor } from "../targets/tokens.ts";
import { fillLog } from "./steps/fill-log.ts";
import { runTurns, type Turn } from "./steps/history-turns.ts";
import { watchProgress } from "./steps/persister-progress.ts";
import { withThousands } from "./steps/with-target.ts";

/** Subjects and loads of this scenario, as the report names them. */
export const HISTORY_API = "Parley's history-api";
export const RAW_DRIVER = "the raw driver";
const PAGE_LIMIT = 50;
export const PAGE = `pages of ${PAGE_LIMIT}`;
export const WHOLE = "whole, of";

const START_SECONDS = 12;
/** Time to read a whole conversation from SecantusDB. */
const WHOLE_SECONDS = 6;

/** Cost of reading history over HTTP, compared with the same queries through MongoDB's driver. */
export const history: Scenario = {
  name: "history",
  title: "History of the public room, beside the raw driver's own queries",
  notes: [
    "A page: the newest 50 messages over HTTP with a token, as many requests at a time as there are readers; the raw driver's is its query alone, as documents.",
    "Whole: GET /messages to its end; the raw driver's is its own cursor, each document made JSON and sent nowhere.",
    "Everything is stored, and history-api has started after that: answers come from MongoDB, after a look at the log's end. What a process uses at rest is not counted.",
    "With SecantusDB in MongoDB's place the speed is that server's (the first read of a conversation looks through much of what is stored, and so does each query of the raw driver); only the CPU is history-api's own.",
  ],
  columns: [
    { key: "rate", title: "pages/s or messages/s", digits: 0 },
    { key: "cpu", title: "client µs/page or /message", digits: 1 },
    { key: "share", title: "client % of a core", digits: 0 },
    { key: "mongo", title: "MongoDB µs/page or /message", digits: 0 },
    { key: "failed", title: "failed", digits: 0 },
  ],
  cases: [
    {
      name: HISTORY_API,
      roundsItself: true,
      seconds: ({ rounds, history: { warmUpMs, ms } }) =>
        START_SECONDS + (2 * warmUpMs) / 1000 + rounds * ((2 * ms) / 1000 + WHOLE_SECONDS),
      run: (context) => withCluster((cluster) => measureHistory(cluster, context)),
    },
  ],
};

/** The tasks of peers/raw-history.js. */
type RawTasks = {
  connect(options: { url: string }): Promise<void>;
  pages(options: { conversation: string; limit: number; readers: number; ms: number }): Promise<number>;
  whole(options: { conversation: string }): Promise<{ count: number; bytes: number }>;
};

/** A started history-api, and the load processes that read from it and from MongoDB. */
interface HistoryDeps {
  readonly api: App;
  readonly get: Load<GetTasks>;
  readonly raw: Load<RawTasks> | undefined;
  readonly token: string;
  /** Number of messages in the public room. */
  readonly stored: number;
  readonly context: Context;
}

/** Stores some messages and measures pages. Then stores many more and measures streaming the whole conversation. */
async function measureHistory(cluster: Cluster, context: Context): Promise<Row[]> {
  const { messages, streamed } = context.plan.history[cluster.mongoKind];
  const persister = await cluster.start("persister");
  const store = async (count: number, before = 0): Promise<number> => {
    context.log(`storing ${withThousands(count)} messages`);
    const stored = before + (await fillLog(cluster, { to: "", count }));
    await watchProgress([persister], stored, { mongo: cluster.mongo.pid, redis: cluster.redis.pid });
    return stored;
  };
  const few = await store(messages);
  const pages = await measureTurns(cluster, few, context, pageTurns);
  const all = await store(streamed, few);
  return [...pages, ...(await measureTurns(cluster, all, context, wholeTurns))];
}

async function measureTurns(
  cluster: Cluster,
  stored: number,
  context: Context,
  turnsOf: (deps: HistoryDeps) => Turn[],
): Promise<Row[]> {
  const api = await cluster.start("history-api");
  const get = startLoad<GetTasks>("get");
  const raw = peersAreInstalled() ? startLoad<RawTasks>({ file: join(PEERS, "raw-history.js") }) : undefined;
  try {
    await raw?.call("connect", { url: cluster.mongo.url });
    const [token = ""] = await tokensFor(1, "reader");
    const turns = turnsOf({ api, get, raw, token, stored, context });
    return await runTurns(turns, { mongo: cluster.mongo.pid, load: get.pid }, context);
  } finally {
    get.stop();
    raw?.stop();
    await api.stop();
  }
}

function pageTurns({ api, get, raw, token, stored, context }: HistoryDeps): Turn[] {
  const { readers, warmUpMs, ms } = context.plan.history;
  const load = `${PAGE}, ${withThousands(stored)} stored, ${readers} readers`;
  const tokens = Array.from({ length: readers }, () => token);
  const url = `${api.url}/messages?limit=${PAGE_LIMIT}`;
  const getPages = (ms: number) => get.call("pages", { url, tokens, ms });
  const options = { conversation: PUBLIC_CONVERSATION, limit: PAGE_LIMIT, readers };
  return [
    {
      ...{ subject: HISTORY_API, load, pid: api.pid },
      warmUp: () => getPages(warmUpMs),
      work: () => getPages(ms).then(({ pages, failed }) => ({ count: pages, failed })),
    },
    ...(raw
      ? [
          {
            ...{ subject: RAW_DRIVER, load, pid: raw.pid },
            warmUp: () => raw.call("pages", { ...options, ms: warmUpMs }),
            work: async () => ({ count: await raw.call("pages", { ...options, ms }), failed: 0 }),
          },
        ]
      : []),
  ];
}

function wholeTurns({ api, get, raw, token, stored }: HistoryDeps): Turn[] {
  const load = `${WHOLE} ${withThousands(stored)} messages`;
  const getWhole = () => get.call("whole", { url: `${api.url}/messages`, token });
  return [
    {
      ...{ subject: HISTORY_API, load, pid: api.pid },
      work: () => getWhole().then(() => ({ count: stored, failed: 0 })),
    },
    ...(raw
      ? [
          {
            ...{ subject: RAW_DRIVER, load, pid: raw.pid },
            async work() {
              const { count } = await raw.call("whole", { conversation: PUBLIC_CONVERSATION });
              if (count !== stored) throw new Error(`the raw driver read ${count} messages of ${stored}`);
              return { count, failed: 0 };
            },
          },
        ]
      : []),
  ];
}
