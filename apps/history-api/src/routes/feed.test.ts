import { until } from "@parley/async";
import { contentDigest, formatId, type LogChange, type LogMessage, timestampOf } from "@parley/models";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LIMITS, RunningApi, tokenOf } from "../test/running-api.ts";
import { edit, idAt, message, ScriptedTail } from "../test/scripted-tail.ts";

const SERVICE = { user: "webhooks", scopes: ["history:all"] };
/** 1, 2 and the edit of 1 are stored. The rest is pending. */
const [one, two, three] = [message(1), message(2, { to: "" }), message(4, { from: "carol", to: "dave" })];
const EDIT = edit(3, one);
const LOG = [one, two, EDIT, three, deletionOf(two, 5), edit(6, three)] as const;

let server: RunningApi;
let tail: ScriptedTail;

function deletionOf({ id, from, to, ...kept }: LogMessage, seq: number): LogChange {
  return { kind: "delete", change: idAt(seq), from, to, id, digest: contentDigest(kept), by: "mod" };
}

async function start(waits = 100): Promise<void> {
  tail = new ScriptedTail();
  const create = async (store: RunningApi["store"]) => {
    await store.insert([one, two]);
    await store.change([EDIT], { watermark: idAt(3) });
    tail.append(...LOG);
    tail.stored = idAt(3);
    return tail;
  };
  server = await RunningApi.start(create, { limits: { ...LIMITS, waits } });
  await until(() => server.api.problems().length === 0);
}
beforeEach(() => start());
afterEach(() => server.stop());

const read = (query = "") => server.request(`/feed${query}`, SERVICE);
const seqs = ({ body }: { body: { entries: { id: string }[] } }) =>
  body.entries.map(({ id }) => Number(id.split("-")[1]));
const held = () => until(() => tail.reads > 0 && lastLoad() > 0);
/** Runs requests that may wait for 25 s, and fails if they did. */
async function withoutWaiting<T>(work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await work();
  expect(performance.now() - startedAt).toBeLessThan(24_000);
  return result;
}
const lastLoad = () => {
  const loads = server.events.filter((event) => event.type === "load");
  return loads.at(-1)?.waits ?? 0;
};

describe("GET /feed", () => {
  it("P63: has every entry of every conversation in log order, each with its message as it is now", async () => {
    const { status, body } = await read();
    const of = (seq: number, type: string, shown: LogMessage, now: object) => {
      const { id, from, to } = shown;
      const message = { id, from, to, timestamp: timestampOf(id), ...now };
      return { type, id: idAt(seq), timestamp: timestampOf(idAt(seq)), message };
    };
    const first = { content: "edited at 3", change: idAt(3), edited: true };
    const second = { content: "", change: idAt(5), deleted: true };
    const third = { content: "edited at 6", change: idAt(6), edited: true };
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        entries: [
          of(1, "message", one, first),
          of(2, "message", two, second),
          of(3, "edited", one, first),
          of(4, "message", three, third),
          { ...of(5, "deleted", two, second), by: "mod" },
          of(6, "edited", three, third),
        ],
        cursor: idAt(6),
        more: false,
      },
    });
  });

  it.each([1, 2, 4])("P63: pages of %i continue from the cursor", async (limit) => {
    const seen: number[] = [];
    for (let after = "", more = true; more; ) {
      const page = await read(`?limit=${limit}${after && `&after=${after}`}`);
      expect(page.body.entries.length).toBeLessThanOrEqual(limit);
      seen.push(...seqs(page));
      ({ cursor: after, more } = page.body);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("P63: needs the scope, and refuses unknown parameters and bad values", async () => {
    for (const scopes of [[], ["history:read"], ["ops"]]) {
      const { status, body } = await server.request("/feed", { user: "alice", scopes });
      expect([status, body.code]).toEqual([403, "forbidden"]);
    }
    for (const query of [
      "as=bob",
      "before=x",
      "wait=26",
      "wait=-1",
      "wait=1.5",
      "wait=",
      "limit=0",
      "after=x",
    ]) {
      const { status, body } = await read(`?${query}`);
      expect([status, body.code], query).toEqual([400, "invalid_parameter"]);
    }
  });

  it("P64: since and until bound the range, and the cursor never passes the end of it", async () => {
    const time = (ms: number) => new Date(1_700_000_000_000 + ms).toISOString();
    const later = formatId({ ms: 1_700_000_000_500, seq: 0 });
    tail.append({ ...message(7), id: later });
    expect(seqs(await read(`?until=${time(500)}`))).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await read(`?since=${time(1)}`)).body).toMatchObject({ entries: [{ id: later }], cursor: later });
    expect((await read(`?since=${time(501)}`)).body).toEqual({ entries: [], cursor: later, more: false });
    const past = await read(`?until=${time(400)}&after=${idAt(5)}&wait=25`);
    expect(seqs(past)).toEqual([6]);
    const end = formatId({ ms: 1_700_000_000_399, seq: 9_999_999_999 });
    expect(past.body).toMatchObject({ cursor: end, more: false });
    const over = await withoutWaiting(() => read(`?until=${time(400)}&after=${end}&wait=25`));
    expect(over.body).toEqual({
      entries: [],
      cursor: end,
      more: false,
    });
    expect((await read("?until=1970-01-01T00:00:00Z")).body.entries).toEqual([]);
  });

  it("L3: a cursor beyond the log's end starts again at once, although the request may wait", async () => {
    const { body } = await withoutWaiting(() => read(`?after=${idAt(99)}&wait=25`));
    expect(seqs({ body })).toEqual([1, 2, 3, 4, 5, 6]);
    expect(server.events).toContainEqual({ type: "cursor-beyond-log", user: "webhooks" });
  });
});

describe("wait", () => {
  it("P63: holds an empty answer until there is an entry, and answers at once if there is one", async () => {
    expect(seqs(await read(`?after=${idAt(5)}&wait=25`))).toEqual([6]);
    const startedAt = performance.now();
    const answer = read(`?after=${idAt(6)}&wait=25`);
    await held();
    const heldAt = performance.now();
    await until(() => performance.now() - heldAt > 200);
    const heldMs = performance.now() - heldAt;
    tail.append(message(7));
    expect((await answer).body).toMatchObject({ entries: [{ id: idAt(7) }], cursor: idAt(7) });
    const answered = server.events.filter((event) => event.type === "answered").at(-1);
    // The time of the wait isn't part of the answer's.
    expect(answered?.ms).toBeLessThanOrEqual(performance.now() - startedAt - heldMs);
    await until(() => lastLoad() === 0);
  });

  it("P63: ends with an empty answer when its time is over, and when the process stops", async () => {
    expect((await read(`?after=${idAt(6)}&wait=1`)).body).toEqual({
      entries: [],
      cursor: idAt(6),
      more: false,
    });
    await withoutWaiting(async () => {
      const answers = [25, 25].map((wait) => read(`?after=${idAt(6)}&wait=${wait}`));
      await until(() => lastLoad() === 2);
      server.beginToStop();
      for (const answer of answers) expect((await answer).body.entries).toEqual([]);
      expect((await read(`?after=${idAt(6)}&wait=25`)).body.entries).toEqual([]);
    });
  });

  it("P63: a client that leaves, and a log that is lost, end the wait", async () => {
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${await tokenOf(SERVICE.user, SERVICE.scopes)}` };
    const url = `${server.url}/feed?after=${idAt(6)}&wait=25`;
    const left = fetch(url, { headers, signal: leaving.signal });
    await held();
    leaving.abort();
    await expect(left).rejects.toThrow();
    await until(() => lastLoad() === 0);
    const answer = read(`?after=${idAt(6)}&wait=25`);
    await held();
    tail.replace(idAt(7));
    tail.isLost = true;
    const { status } = await answer;
    expect([200, 503]).toContain(status);
  });

  it("P65, L26: a request that was held is refused if its user was blocked or its token revoked meanwhile", async () => {
    for (const [kind, status, code] of [
      ["until", 403, "user_blocked"],
      ["issuedBefore", 401, "token_revoked"],
    ] as const) {
      const user = `to be ${code}`.replaceAll(" ", "-");
      const scopes = ["history:all"];
      const answer = server.request(`/feed?after=${tail.end}&wait=25`, { user, scopes });
      await held();
      await server.revocations.revoke({ user, [kind]: Date.now() + 60_000 });
      tail.append(message(tail.entries.length + 1));
      expect(await answer).toMatchObject({ status, body: { code } });
      await until(() => lastLoad() === 0);
    }
  });

  it("G5: held requests have a bound, of which a user has a share, and they take no place of reads", async () => {
    await server.stop();
    await start(4);
    const waiting = (user: string) =>
      server.request(`/feed?after=${idAt(6)}&wait=25`, { user, scopes: ["history:all"] });
    const first = waiting("one");
    await until(() => lastLoad() === 1);
    expect(await waiting("one")).toMatchObject({ status: 429, body: { code: "too_many_connections" } });
    const others = ["two", "three", "four"].map(waiting);
    await until(() => lastLoad() === 4);
    expect(await waiting("five")).toMatchObject({ status: 503, body: { code: "overloaded" } });
    expect(server.events).toContainEqual({ type: "limited", limit: "waits", share: "user" });
    expect(server.events).toContainEqual({ type: "limited", limit: "waits", share: "all" });
    expect((await server.request("/sync?limit=1", { user: "one" })).status).toBe(200);
    tail.append(message(7));
    for (const answer of [first, ...others]) expect(seqs(await answer)).toEqual([7]);
  });
});
