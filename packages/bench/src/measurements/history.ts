import { join } from "node:path";
import type { App } from "@parley/local";
import { conversationOf } from "@parley/models";
import type { GetTasks } from "../load/get.ts";
import { type Load, startLoad } from "../load/load.ts";
import type { Context, Measurement, Row } from "../measurement.ts";
import { mediansOf } from "../rounds.ts";
import { startCounting } from "../stopwatch.ts";
import { type House, inHouse } from "../subjects/house.ts";
import { PEERS, peersAreInstalled } from "../subjects/peers-folder.ts";
import { tokensFor } from "../subjects/tokens.ts";
import { fillLog, SENDERS } from "./filling.ts";
import { watchSettling } from "./settled.ts";
import { inThousands } from "./with-subject.ts";

export const HISTORY_API = "Parley's history-api";
export const RAW_DRIVER = "the raw driver";
const PAGE_LIMIT = 50;
export const PAGE = `a page of ${PAGE_LIMIT}`;
export const WHOLE = "a whole conversation";

/** Of which the pages are; the whole conversation is the public room. */
const READER = "sender-0";
const PARTNER = "offline-0";
/** SecantusDB's: what it takes in, and what it gives. */
const STORED_PER_SECOND = 3_500;
const READ_PER_SECOND = 15_000;
const START_SECONDS = 10;

export const history: Measurement = {
  name: "history",
  title: "History, beside the raw driver's own queries",
  notes: [
    "A page: the newest 50 messages of a conversation over HTTP with a token, as many requests at a time as there are readers; the raw driver's is its query alone, as documents.",
    "A whole conversation: GET /messages to its end; the raw driver's is its own cursor, each document to JSON, sent nowhere.",
    "Everything is stored, and history-api has started after that: answers come from MongoDB, after a look at the log's end.",
    "With SecantusDB in MongoDB's place the speed is that server's; only the CPU is history-api's own.",
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
      seconds({ rounds, history: { secantus, warmUpMs, ms } }) {
        const pages = (2 * (warmUpMs + ms)) / 1000;
        const wholes = (2 * secantus.streamed) / READ_PER_SECOND;
        return START_SECONDS + secantus.streamed / STORED_PER_SECOND + rounds * (pages + wholes);
      },
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

/** Who is asked, and for what. */
interface Scene {
  readonly api: App;
  readonly get: Load<GetTasks>;
  readonly raw: Load<RawTasks> | undefined;
  readonly mongo: number;
  /** Messages in the public room. */
  readonly streamed: number;
  /** What is stored in all, in words. */
  readonly stored: string;
  readonly context: Context;
}

/** What is asked for, and by whom; `work` does it and says how often. */
interface Turn {
  readonly subject: string;
  readonly load: string;
  readonly pid: number;
  readonly warmUp?: () => Promise<unknown>;
  readonly work: () => Promise<{ readonly pages: number; readonly failed: number }>;
}

async function inFilledHouse(house: House, context: Context): Promise<Row[]> {
  const { messages, streamed } = context.plan.history[house.mongoKind];
  const stored = await store(house, { messages, streamed }, context);
  const api = await house.start("history-api");
  const get = startLoad<GetTasks>("get");
  const raw = peersAreInstalled() ? startLoad<RawTasks>({ file: join(PEERS, "raw-history.js") }) : undefined;
  try {
    await raw?.call("connect", { url: house.mongo.url });
    const [token = ""] = await tokensFor(1, "sender");
    const about = {
      streamed: stored.streamed,
      stored: `${inThousands(stored.all)} stored, ${house.mongoKind}`,
    };
    const scene = { api, get, raw, mongo: house.mongo.pid, ...about, context };
    return await roundsOf(scene, [...turnsOfApi(scene, token), ...turnsOfRaw(scene)]);
  } finally {
    get.stop();
    raw?.stop();
  }
}

async function store(
  house: House,
  { messages, streamed }: { messages: number; streamed: number },
  { say }: Context,
): Promise<{ streamed: number; all: number }> {
  say(`storing ${inThousands(streamed + messages * SENDERS)} messages`);
  const persister = await house.start("persister");
  const room = await fillLog(house, { to: "", count: streamed });
  const own = await fillLog(house, { to: "offline", count: messages * SENDERS });
  await watchSettling([persister], room + own, { mongo: house.mongo.pid, redis: house.redis.pid });
  await persister.stop();
  return { streamed: room, all: room + own };
}

/** One after the other, and the other way round in every second round. */
async function roundsOf(scene: Scene, turns: readonly Turn[]): Promise<Row[]> {
  const { plan, say, failed } = scene.context;
  const rounds: Row[][] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const rows: Row[] = [];
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
      say(`${turn.subject}, ${turn.load}, ${round + 1} of ${plan.rounds}`);
      try {
        await turn.warmUp?.();
        rows.push(await counted(scene, turn));
      } catch (error) {
        failed(turn.subject, error);
      }
    }
    rounds.push(rows);
  }
  return mediansOf(rounds);
}

function turnsOfApi({ api, get, streamed, context }: Scene, token: string): Turn[] {
  const { readers, warmUpMs, ms } = context.plan.history;
  const url = `${api.url}/messages/${PARTNER}?limit=${PAGE_LIMIT}`;
  const pages = (ms: number) =>
    get.call("pages", { url, tokens: Array.from({ length: readers }, () => token), ms });
  const by = { subject: HISTORY_API, pid: api.pid };
  return [
    { ...by, load: PAGE, warmUp: () => pages(warmUpMs), work: () => pages(ms) },
    {
      ...by,
      load: `${WHOLE} of ${inThousands(streamed)}`,
      async work() {
        await get.call("whole", { url: `${api.url}/messages`, token });
        return { pages: streamed, failed: 0 };
      },
    },
  ];
}

function turnsOfRaw({ raw, streamed, context }: Scene): Turn[] {
  if (!raw) return [];
  const { readers, warmUpMs, ms } = context.plan.history;
  const conversation = conversationOf(READER, PARTNER);
  const pages = (ms: number) => raw.call("pages", { conversation, limit: PAGE_LIMIT, readers, ms });
  const by = { subject: RAW_DRIVER, pid: raw.pid };
  return [
    {
      ...by,
      load: PAGE,
      warmUp: () => pages(warmUpMs),
      work: async () => ({ pages: await pages(ms), failed: 0 }),
    },
    {
      ...by,
      load: `${WHOLE} of ${inThousands(streamed)}`,
      async work() {
        const { count } = await raw.call("whole", { conversation: conversationOf(READER, "") });
        if (count !== streamed) throw new Error(`${count} messages of ${streamed}`);
        return { pages: count, failed: 0 };
      },
    },
  ];
}

async function counted({ get, mongo, stored }: Scene, { subject, load, pid, work }: Turn): Promise<Row> {
  const stopCounting = startCounting({ client: [pid], mongo: [mongo], load: [get.pid] });
  const { pages, failed } = await work();
  const { cpu, elapsedMicros, busiest, machineShare } = stopCounting();
  return {
    subject,
    load: `${load} (${stored})`,
    figures: {
      rate: pages / (elapsedMicros / 1_000_000),
      cpu: cpu.client / pages,
      share: (100 * cpu.client) / elapsedMicros,
      mongo: cpu.mongo / pages,
      failed,
    },
    loadShare: busiest.load / elapsedMicros,
    machineShare,
  };
}
