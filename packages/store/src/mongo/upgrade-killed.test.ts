import { fileURLToPath } from "node:url";
import { startChild } from "@parley/local";
import { formatId, type LogMessage } from "@parley/models";
import { afterAll, expect, it, onTestFinished } from "vitest";
import { EarlierVersion } from "./test/earlier-version.ts";
import { startRig } from "./test/mongo-rig.ts";

const SCRIPT = fileURLToPath(new URL("./test/upgrading.child.ts", import.meta.url));
const MESSAGES = 6_500;
const rig = await startRig();
afterAll(() => rig?.stop());

function messageAt(n: number): LogMessage {
  const id = formatId({ ms: 1_700_000_000_000, seq: n });
  return { id, from: `user${n % 7}`, to: "", content: `content ${n}`, ref: `r${n}` };
}

/** Starts a process that changes the format, and kills it when it has printed a text. */
async function upgradeUntil(url: string, text: RegExp): Promise<string> {
  const child = await startChild({ command: process.execPath, args: [SCRIPT, url], env: process.env });
  onTestFinished(async () => void (await child.stop()));
  await child.printed(text, 60_000);
  await child.kill("SIGKILL");
  return child.output();
}

it.skipIf(rig === undefined)(
  "G2: a process that changes the format is killed again and again, while chat goes on, and loses nothing",
  async () => {
    const database = rig?.database();
    if (!database) return;
    onTestFinished(() => database.close());
    const earlier = new EarlierVersion(database.raw);
    await earlier.start();
    for (let n = 0; n < MESSAGES; n += 500)
      await earlier.insert(Array.from({ length: 500 }, (_, i) => messageAt(n + i)));
    const store = database.store({ timeoutMs: 30_000 });
    await store.prepare();
    let sent = MESSAGES;
    const chat = async () => {
      const repeated = { ...messageAt(sent % MESSAGES), id: formatId({ ms: 1_800_000_000_000, seq: sent }) };
      const outcomes = await store.insert([messageAt(sent), repeated]);
      expect(outcomes).toEqual([
        { kind: "stored" },
        { kind: "duplicateOf", id: messageAt(sent % MESSAGES).id },
      ]);
      sent += 1;
    };
    for (const text of [/prepared/, /read 2000/, /read 2000/, /read \d+/, /read 65\d\d/])
      await Promise.all([upgradeUntil(database.url, text), chat()]);
    // The last process was killed while it checked all messages. The next one continues after the last full page.
    const [, readFirst] = /read (\d+)/.exec(await upgradeUntil(database.url, /done/)) ?? [];
    expect(Number(readFirst)).toBeLessThan(2_000);
    await chat();
    const names = (await earlier.messages.indexes()).map(({ name }) => name);
    expect(names).not.toContain("conversation_1_from_1_ref_1");
    const documents = await earlier.messages.find().sort({ _id: 1 }).toArray();
    const expected = Array.from({ length: sent }, (_, n) => messageAt(n));
    expect(documents.map(({ _id, key }) => ({ _id, key }))).toEqual(
      expected.map(({ id, from, ref }) => ({ _id: id, key: `r:public\n${from}\n${ref}` })),
    );
    expect(documents.every(({ digest }) => digest?.length === 11)).toBe(true);
  },
  120_000,
);
