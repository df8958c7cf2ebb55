import { until } from "@parley/async";
import { RedisBus } from "@parley/bus/redis";
import { type App, startApp } from "@parley/local";
import {
  applyChange,
  contentDigest,
  type EntryDraft,
  type LogChange,
  type LogMessage,
  type StoredMessage,
} from "@parley/models";
import { openMongoStore } from "@parley/store/mongo";
import { mongoDatabase, redisServer } from "@parley/testkit";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";

const MESSAGES = 160;
/** Every message has this many changes. They are appended beside other messages, so two persisters share them. */
const CHANGES = 3;

const [redis, mongoUrl] = [await redisServer(), await mongoDatabase()];
const env = {
  REDIS_URL: redis?.url ?? "",
  MONGO_URL: mongoUrl ?? "",
  JWT_SECRET: "a-secret-for-tests-only-long-enough-for-HS256",
};

describe.skipIf(!redis || !mongoUrl)("edits and deletions", { timeout: 120_000 }, () => {
  const apps: App[] = [];
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.kill("SIGKILL")));
    await redis?.stop();
  });

  it("L28, P76: two persisters, of which one after the other is killed, leave what the log says", async () => {
    const bus = new RedisBus({ url: env.REDIS_URL });
    const store = openMongoStore({ url: env.MONGO_URL, timeoutMs: 20_000 });
    onTestFinished(async () => {
      await Promise.all([bus.close(), store.close()]);
    });
    const start = () => startApp("persister", { env });
    apps.push(...(await Promise.all([start(), start()])));
    const appender = bus.append();
    const tail = bus.tail();
    await until(() => !appender.problem(), "the log to exist");
    // Every draft has a ref, so a repetition gets the first ids.
    const append = (drafts: readonly EntryDraft[]): Promise<string[]> =>
      until(async () => {
        const results = await appender.append(drafts);
        return results.map((result) => {
          if (!result.ok) throw result.error;
          return result.id;
        });
      }, "the entries to be appended");

    const messages: LogMessage[] = [];
    const changes: LogChange[] = [];
    for (let n = 0; n < MESSAGES; n += 20) {
      const drafts = Array.from({ length: 20 }, (_, i) => ({
        ...{ from: "alice", to: "bob", content: `message ${n + i}`, ref: `m${n + i}` },
        ...((n + i) % 2 && { meta: `{"n":${n + i}}` }),
      }));
      const ids = await append(drafts);
      messages.push(...drafts.map((draft, i) => ({ ...draft, id: ids[i] ?? "" })));
      for (let round = 0; round < CHANGES; round += 1) {
        const some = messages.slice(-20).map((message, i) => changeOf(message, n + i, round));
        const changeIds = await append(some);
        changes.push(...some.map((draft, i) => ({ ...draft, change: changeIds[i] ?? "" })));
      }
      if (n === 40 || n === 100) {
        await apps.shift()?.kill("SIGKILL");
        apps.push(await start());
      }
    }
    await until(async () => (await tail.state()).backlogEntries === 0, "everything to be stored", 60_000);

    const stored: StoredMessage[] = [];
    for await (const message of store.all("alice:bob", {})) stored.push(message);
    const byMessage = Map.groupBy(changes, ({ id }) => id);
    const expected = messages.map((message) => {
      const first: StoredMessage = { ...message, digest: contentDigest(message) };
      return (byMessage.get(message.id) ?? []).reduce(applyChange, first);
    });
    expect(stored).toEqual(expected);
    const kept = await store.changes({ user: "bob" }, { limit: 10_000 });
    expect(kept.map(({ change }) => change.change)).toEqual(changes.map(({ change }) => change));
    for (const { adminUrl } of apps) {
      const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
      expect(metrics).toContain('parley_persister_changes_settled_total{outcome="orphan"} 0');
    }
  });
});

/** Returns the nth message's change of a round. Some messages are deleted, some of them before their last edit. */
function changeOf({ from, to, id, content, meta }: LogMessage, n: number, round: number) {
  const digest = contentDigest({ content, ...(meta !== undefined && { meta }) });
  const target = { from, to, id, digest, ref: `c${n}.${round}` };
  if (n % 5 === round) return { kind: "delete" as const, ...target };
  const edited = { kind: "edit" as const, ...target, content: `edit ${round} of ${n}` };
  return n % 3 ? edited : { ...edited, meta: `{"round":${round}}` };
}
