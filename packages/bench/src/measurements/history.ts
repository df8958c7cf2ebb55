import type { GetTasks } from "../load/get.ts";
import { startLoad } from "../load/load.ts";
import type { Context, Measurement, Row } from "../measurement.ts";
import { startCounting } from "../stopwatch.ts";
import { type House, inHouse, tokensFor } from "../subjects/house.ts";
import { fillLog } from "./filling.ts";
import { watchSettling } from "./settled.ts";

const PAGE = "/messages?limit=50";

export const history: Measurement = {
  name: "history",
  title: "History: the newest 50 messages of the public room",
  notes: [
    "Everything is stored, and history-api has started after that: pages come from MongoDB, after a look at the log's end.",
    "Closed loop: as many requests at a time as there are readers.",
    "With SecantusDB in MongoDB's place pages/s is that server's, whose reads take longer the longer the conversation is; only the CPU a page is history-api's own.",
  ],
  columns: [
    { key: "pages", title: "pages/s", digits: 0 },
    { key: "cpu", title: "history-api µs/page", digits: 0 },
    { key: "share", title: "history-api % of a core", digits: 0 },
    { key: "mongo", title: "MongoDB µs/page", digits: 0 },
    { key: "bytes", title: "bytes/page", digits: 0 },
    { key: "failed", title: "failed", digits: 0 },
  ],
  round: (context) => inHouse((house) => inFilledHouse(house, context)),
};

async function inFilledHouse(house: House, { plan, say }: Context): Promise<Row[]> {
  const { readers, warmUpMs, ms } = plan.history;
  const { messages } = plan.history[house.mongoKind];
  say(`storing ${messages.toLocaleString("en-US")} messages`);
  const persister = await house.start("persister");
  const count = await fillLog(house, { to: "", count: messages });
  await watchSettling(persister, count, { mongo: house.mongo.pid, redis: house.redis.pid });
  await persister.stop();

  const api = await house.start("history-api");
  const load = startLoad<GetTasks>("get");
  try {
    const asking = { url: api.url + PAGE, tokens: await tokensFor(readers, "reader") };
    await load.call("pages", { ...asking, ms: warmUpMs });
    say(`${readers} readers`);
    const stopCounting = startCounting({ api: api.pid, mongo: house.mongo.pid, load: load.pid });
    const got = await load.call("pages", { ...asking, ms });
    const { cpu, elapsedMicros } = stopCounting();
    const figures = {
      pages: got.pages / (got.elapsedMs / 1000),
      cpu: cpu.api / got.pages,
      share: (100 * cpu.api) / elapsedMicros,
      mongo: cpu.mongo / got.pages,
      bytes: got.bytes / got.pages,
      failed: got.failed,
    };
    const label = `Parley, ${count} messages, ${readers} readers, ${house.mongoKind}`;
    return [{ label, figures, loadShare: cpu.load / elapsedMicros }];
  } finally {
    load.stop();
  }
}
