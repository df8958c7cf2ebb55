import { join } from "node:path";
import type { App } from "@parley/local";
import { PUBLIC_CONVERSATION } from "@parley/models";
import { type Load, startLoad } from "../load/load.ts";
import type { GetTasks } from "../load/tasks/get.ts";
import type { Context, Measurement, Row } from "../runner/scenario.ts";
import { type House, inHouse } from "../targets/cluster.ts";
import { PEERS, peersAreInstalled } from "../targets/peers-folder.ts";
import { tokensFor } from "../targets/tokens.ts";
import { fillLog } from "./steps/fill-log.ts";
import { inRounds, type Turn } from "./steps/history-turns.ts";
import { watchSettling } from "./steps/settled.ts";
import { inThousands } from "./steps/with-target.ts";

export const HISTORY_API = "Parley's history-api";
export const RAW_DRIVER = "the raw driver";
const PAGE_LIMIT = 50;
export const PAGE = `pages of ${PAGE_LIMIT}`;
export const WHOLE = "whole, of";

const START_SECONDS = 12;
/** A whole conversation that is read once from a SecantusDB. */
const WHOLE_SECONDS = 6;

export const history: Measurement = {
  name: "history",
  title: "History of the public room, beside the raw driver's own queries",
  notes: [
    "A page: the newest 50 messages over HTTP with a token, as many requests at a time as there are readers; the raw driver's is its query alone, as documents.",
    "Whole: GET /messages to its end; the raw driver's is its own cursor, each document made JSON and sent nowhere.",
    "Everything is stored, and history-api has started after that: answers come from MongoDB, after a look at the log's end. What a process uses at rest is not counted.",
    "With SecantusDB in MongoDB's place the speed is that server's (it looks through much of what is stored for each page, so little is); only the CPU is history-api's own.",
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
      run: (context) => inHouse((house) => inFilledHouse(house, context)),
    },
  ],
};

/** Of peers/raw-history.js. */
type RawTasks = {
  connect(asked: { url: string }): Promise<void>;
  pages(asked: { conversation: string; limit: number; readers: number; ms: number }): Promise<number>;
  whole(asked: { conversation: string }): Promise<{ count: number; bytes: number }>;
};

/** Who is asked. */
interface Scene {
  readonly api: App;
  readonly get: Load<GetTasks>;
  readonly raw: Load<RawTasks> | undefined;
  readonly token: string;
  /** Messages in the public room. */
  readonly stored: number;
  readonly context: Context;
}

/** Pages first, as long as little is stored; then all of it. */
async function inFilledHouse(house: House, context: Context): Promise<Row[]> {
  const { messages, streamed } = context.plan.history[house.mongoKind];
  const persister = await house.start("persister");
  const store = async (count: number, before = 0): Promise<number> => {
    context.say(`storing ${inThousands(count)} messages`);
    const stored = before + (await fillLog(house, { to: "", count }));
    await watchSettling([persister], stored, { mongo: house.mongo.pid, redis: house.redis.pid });
    return stored;
  };
  const few = await store(messages);
  const pages = await inScene(house, few, context, pageTurns);
  const all = await store(streamed, few);
  return [...pages, ...(await inScene(house, all, context, wholeTurns))];
}

async function inScene(
  house: House,
  stored: number,
  context: Context,
  turnsIn: (scene: Scene) => Turn[],
): Promise<Row[]> {
  const api = await house.start("history-api");
  const get = startLoad<GetTasks>("get");
  const raw = peersAreInstalled() ? startLoad<RawTasks>({ file: join(PEERS, "raw-history.js") }) : undefined;
  try {
    await raw?.call("connect", { url: house.mongo.url });
    const [token = ""] = await tokensFor(1, "reader");
    const turns = turnsIn({ api, get, raw, token, stored, context });
    return await inRounds(turns, { mongo: house.mongo.pid, load: get.pid }, context);
  } finally {
    get.stop();
    raw?.stop();
    await api.stop();
  }
}

function pageTurns({ api, get, raw, token, stored, context }: Scene): Turn[] {
  const { readers, warmUpMs, ms } = context.plan.history;
  const load = `${PAGE}, ${inThousands(stored)} stored, ${readers} readers`;
  const tokens = Array.from({ length: readers }, () => token);
  const url = `${api.url}/messages?limit=${PAGE_LIMIT}`;
  const ofApi = (ms: number) => get.call("pages", { url, tokens, ms });
  const asked = { conversation: PUBLIC_CONVERSATION, limit: PAGE_LIMIT, readers };
  return [
    {
      ...{ subject: HISTORY_API, load, pid: api.pid },
      warmUp: () => ofApi(warmUpMs),
      work: () => ofApi(ms).then(({ pages, failed }) => ({ count: pages, failed })),
    },
    ...(raw
      ? [
          {
            ...{ subject: RAW_DRIVER, load, pid: raw.pid },
            warmUp: () => raw.call("pages", { ...asked, ms: warmUpMs }),
            work: async () => ({ count: await raw.call("pages", { ...asked, ms }), failed: 0 }),
          },
        ]
      : []),
  ];
}

function wholeTurns({ api, get, raw, token, stored }: Scene): Turn[] {
  const load = `${WHOLE} ${inThousands(stored)} messages`;
  const ofApi = () => get.call("whole", { url: `${api.url}/messages`, token });
  return [
    {
      ...{ subject: HISTORY_API, load, pid: api.pid },
      work: () => ofApi().then(() => ({ count: stored, failed: 0 })),
    },
    ...(raw
      ? [
          {
            ...{ subject: RAW_DRIVER, load, pid: raw.pid },
            async work() {
              const { count } = await raw.call("whole", { conversation: PUBLIC_CONVERSATION });
              if (count !== stored) throw new Error(`${count} messages of ${stored}`);
              return { count, failed: 0 };
            },
          },
        ]
      : []),
  ];
}
