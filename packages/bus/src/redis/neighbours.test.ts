import { inBackground, until } from "@parley/async";
import { type Draft, ORIGIN } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { contentOf } from "../test/entries.ts";
import type { Place } from "./format/keys.ts";
import { type Rig, startRig } from "./test/redis-rig.ts";

const rig = await startRig();
const MESSAGES = 10_000;
const CALL = 500;
const WAIT_MS = 60_000;
/** Everything about the installations is equal except for their places: users, texts, refs and times. */
const PLACES: readonly Place[] = [
  { db: 0 },
  { db: 1 },
  { db: 0, namespace: "staging" },
  { db: 1, namespace: "staging" },
];

describe.skipIf(!rig)("installations that share a Redis", { timeout: 180_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());

  /** Sends messages to everybody and to bob, and records what is heard, stored and read from the log's end. */
  async function run({ db, namespace }: Place) {
    const mark = `${db}/${namespace}`;
    const bus = () => redis.bus({ url: `${redis.server.url}/${db}`, namespace });
    const [gateway, persister, history] = [bus(), bus(), bus()];
    const found = { heard: [] as string[], stored: [] as string[], read: [] as string[], gaps: 0 };
    const live = gateway.live({
      message: (_audience, { body }) => found.heard.push(body),
      gap: () => {
        found.gaps += 1;
      },
    });
    const append = gateway.append();
    const consume = persister.consume({ lastStored: async () => ORIGIN, storeName: async () => mark });
    const tail = history.tail();
    await until(() => [live, append, consume, tail].every((role) => !role.problem()), "ready", WAIT_MS);
    await live.join("bob");
    const stop = new AbortController();
    const storing = inBackground(
      (async () => {
        while (!stop.signal.aborted) {
          const consumed = await consume.next(stop.signal);
          found.stored.push(...consumed.map(contentOf));
          await consume.settle(consumed.map(({ entry }) => ({ entry, outcome: { kind: "stored" } })));
        }
      })(),
    );
    const reading = inBackground(
      (async () => {
        let position = ORIGIN;
        while (found.read.length < MESSAGES) {
          const page = await tail.read(position, stop.signal);
          if (page.kind === "lost") throw new Error("the tail was lost");
          found.read.push(...page.entries.map((entry) => contentOf({ entry })));
          position = page.position;
        }
      })(),
    );
    for (let from = 0; from < MESSAGES; from += CALL) {
      const drafts = Array.from({ length: CALL }, (_, i): Draft => {
        const n = from + i;
        return { from: "alice", to: n % 2 ? "bob" : "", content: `${mark} ${n}`, ref: `${n}` };
      });
      for (const appended of await append.append(drafts)) if (!appended.ok) throw appended.error;
    }
    await until(
      () => found.stored.length >= MESSAGES && found.heard.length >= MESSAGES,
      "all there",
      WAIT_MS,
    );
    await reading;
    const end = async () => {
      stop.abort();
      await storing;
    };
    return { mark, found, end };
  }

  it("L38: none of 10,000 messages of each reaches another: neither live nor history nor the store", async () => {
    const all = await Promise.all(PLACES.map(run));
    await Promise.all(all.map(({ end }) => end()));
    for (const { mark, found } of all) {
      const expected = Array.from({ length: MESSAGES }, (_, n) => `${mark} ${n}`);
      expect(found.stored).toEqual(expected);
      expect(found.read).toEqual(expected);
      expect(found.heard.map((body) => JSON.parse(`{${body}}`).content)).toEqual(expected);
      expect(found.gaps).toBe(0);
    }
  });
});
