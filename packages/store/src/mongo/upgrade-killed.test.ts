import { fileURLToPath } from "node:url";
import { startChild } from "@parley/local";
import { formatId, type LogMessage } from "@parley/models";
import { afterAll, expect, it, onTestFinished } from "vitest";
import type { Store } from "../store.ts";
import { EarlierVersion } from "./test/earlier-version.ts";
import { startRig } from "./test/mongo-rig.ts";

const SCRIPT = fileURLToPath(new URL("./test/upgrading.child.ts", import.meta.url));
/** Messages of the earlier version. `UPGRADE_MESSAGES=1000000` repeats the trial of docs/operating.md, if a mongod is on the PATH. */
const MESSAGES = Number(process.env.UPGRADE_MESSAGES ?? 325);
/** Messages per read of an upgrade. The trial has pages of the default size. */
const PAGE = MESSAGES > 100_000 ? 2_000 : 100;
const BATCH = PAGE / 4;
const PAGES = Math.ceil(MESSAGES / PAGE);
const KILLS = 10;
/** The first kills come while keys are added, and the last ones while all messages are checked. */
const PAGES_PER_KILL = Math.ceil(PAGES / 7);
/** Pause between two messages of the chat, in ms: some servers read the whole collection for each repeated ref. */
const CHAT_PAUSE_MS = Math.max(50, MESSAGES / 1_000);
const TIMEOUT_MS = 120_000 + MESSAGES * 12;
const rig = await startRig();
afterAll(() => rig?.stop());

function messageAt(n: number): LogMessage {
  const id = formatId({ ms: 1_700_000_000_000, seq: n });
  return { id, from: `user${n % 7}`, to: "", content: `content ${n}`, ref: `r${n}` };
}

async function storeEarlier(earlier: EarlierVersion): Promise<void> {
  await earlier.start();
  for (let n = 0; n < MESSAGES; n += BATCH)
    await earlier.insert(Array.from({ length: BATCH }, (_, i) => messageAt(n + i)));
}

/** Starts a process that changes the format, and kills it when it has printed a text. */
async function upgradeUntil(url: string, text: RegExp): Promise<string> {
  const child = await startChild({
    command: process.execPath,
    args: [SCRIPT, url, String(PAGE)],
    env: process.env,
  });
  onTestFinished(async () => void (await child.stop()));
  await child.printed(text, TIMEOUT_MS);
  await child.kill("SIGKILL");
  return child.output();
}

/** Stores a new message and repeats an old one, again and again. Returns a function that ends it and resolves with the number of all messages. */
function chatOn(store: Store): () => Promise<number> {
  let [sent, isOver] = [MESSAGES, false];
  const chat = async () => {
    while (!isOver) {
      const first = messageAt((sent * 7_919) % MESSAGES);
      const repeated = { ...first, id: formatId({ ms: 1_800_000_000_000, seq: sent }) };
      const outcomes = await store.insert([messageAt(sent), repeated]);
      expect(outcomes).toEqual([{ kind: "stored" }, { kind: "duplicateOf", id: first.id }]);
      sent += 1;
      await new Promise((resolve) => setTimeout(resolve, CHAT_PAUSE_MS));
    }
    return sent;
  };
  const chatting = chat();
  chatting.catch(() => undefined);
  return () => {
    isOver = true;
    return chatting;
  };
}

it.skipIf(rig === undefined)(
  "G2: a process that changes the format is killed ten times, while chat goes on, and loses nothing",
  async () => {
    const database = rig?.database();
    if (!database) return;
    onTestFinished(() => database.close());
    const earlier = new EarlierVersion(database.raw);
    await storeEarlier(earlier);
    const store = database.store({ timeoutMs: 1_200_000 });
    await store.prepare();
    const endChat = chatOn(store);
    onTestFinished(async () => void (await endChat().catch(() => undefined)));
    await upgradeUntil(database.url, /prepared/);
    const pages = new RegExp(`(read [^\\n]*\\n){${PAGES_PER_KILL}}`);
    for (let kill = 1; kill < KILLS; kill++) await upgradeUntil(database.url, pages);
    // The next process continues after the last full page.
    const [, readFirst] = /read (\d+)/.exec(await upgradeUntil(database.url, /done/)) ?? [];
    expect(Number(readFirst)).toBeLessThan(2 * PAGE);
    const sent = await endChat();
    const names = (await earlier.messages.indexes()).map(({ name }) => name);
    expect(names).not.toContain("conversation_1_from_1_ref_1");
    let n = 0;
    for await (const { _id, key, digest } of earlier.messages.find().sort({ _id: 1 })) {
      const { id, from, ref } = messageAt(n++);
      if (_id !== id || key !== `r:public\n${from}\n${ref}` || digest?.length !== 11)
        expect.fail(`${_id} has the key ${key} and the digest ${digest}`);
    }
    expect(n).toBe(sent);
  },
  TIMEOUT_MS,
);
