import { ORIGIN, timestampOf } from "@parley/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPartlyStored } from "../test/partly-stored.ts";
import type { Asking, RunningApi } from "../test/running-api.ts";
import { idAt, message } from "../test/scripted-tail.ts";

let server: RunningApi;

const fromBob = { from: "bob", to: "alice" };
const inPublic = { to: "" };

/** 1–8 are in the log; of them 1, 2, 4, 5 and 8 are stored: the others are pending, each with some persister. */
const LOG = [
  message(1),
  message(2, fromBob),
  message(3),
  message(4, inPublic),
  message(5, { from: "carol", to: "bob" }),
  message(6, { ...inPublic, from: "carol" }),
  message(7, fromBob),
  message(8),
];
const STORED = [1, 2, 4, 5, 8];

beforeAll(async () => {
  ({ server } = await startPartlyStored(LOG, STORED));
});
afterAll(() => server.stop());

const seqsOf = (messages: readonly { id: string }[]) => messages.map(({ id }) => Number(id.split("-")[1]));

async function seqs(path: string, asking?: Asking): Promise<number[]> {
  const { status, body } = await server.ask(path, asking);
  expect(status).toBe(200);
  return seqsOf(body.messages ?? body);
}

describe("GET /messages/:username", () => {
  it("P50: all messages between the caller and the other, oldest first, stored or not", async () => {
    const answer = await server.ask("/messages/bob");
    expect(answer.status).toBe(200);
    expect(answer.type).toBe("application/json");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(seqsOf(answer.body)).toEqual([1, 2, 3, 7, 8]);
  });

  it("P50: each has id, from, to, content and timestamp, and nothing else", async () => {
    const { body } = await server.ask("/messages/bob");
    expect(body[2]).toEqual({
      id: idAt(3),
      from: "alice",
      to: "bob",
      content: "number 3",
      timestamp: timestampOf(idAt(3)),
    });
  });

  it("P50: is the same seen from the other side, and nobody else's", async () => {
    expect(await seqs("/messages/alice", { user: "bob" })).toEqual([1, 2, 3, 7, 8]);
    expect(await seqs("/messages/bob", { user: "carol" })).toEqual([5]);
    expect(await seqs("/messages/alice", { user: "carol" })).toEqual([]);
  });

  it("P52: GET /messages is the public room", async () => {
    expect(await seqs("/messages", { user: "dave" })).toEqual([4, 6]);
  });

  it("P4: a username is taken as it was encoded", async () => {
    expect(await seqs(`/messages/${encodeURIComponent("jürgen+1@example.com")}`)).toEqual([]);
  });
});

describe("pages", () => {
  it.each([
    ["limit=2", [7, 8]],
    ["limit=1000", [1, 2, 3, 7, 8]],
    [`limit=2&before=${idAt(7)}`, [2, 3]],
    [`before=${idAt(3)}`, [1, 2]],
    [`after=${idAt(2)}`, [3, 7, 8]],
    [`limit=2&after=${idAt(2)}`, [3, 7]],
    [`after=${idAt(4)}`, [7, 8]],
    [`after=${idAt(8)}`, []],
    [`before=${idAt(1)}`, []],
    [`after=${ORIGIN}&limit=1`, [1]],
  ])("P51: ?%s", async (query, expected) => {
    expect(await seqs(`/messages/bob?${query}`)).toEqual(expected);
  });

  function linksIn(headers: Headers): Record<string, string> {
    const found = [...(headers.get("link") ?? "").matchAll(/<([^>]+)>; rel="(prev|next)"/g)];
    return Object.fromEntries(found.map(([, url, rel]) => [rel, url]));
  }

  it("P51: relative links lead back to the first page and forth to the last", async () => {
    const back: number[] = [];
    let path: string | undefined = "/messages/bob?limit=2";
    let first = path;
    while (path !== undefined) {
      expect(path).toMatch(/^\/messages\/bob\?/);
      const { body, headers } = await server.ask(path);
      back.unshift(...seqsOf(body));
      first = path;
      path = linksIn(headers).prev;
    }
    expect(back).toEqual([1, 2, 3, 7, 8]);
    const forth: number[] = [];
    path = first;
    while (path !== undefined) {
      const { body, headers } = await server.ask(path);
      forth.push(...seqsOf(body));
      path = linksIn(headers).next;
    }
    expect(forth).toEqual([1, 2, 3, 7, 8]);
  });

  it("P51: a page that is everything leads nowhere", async () => {
    const { headers } = await server.ask("/messages/bob?limit=5");
    expect(headers.get("link")).toBeNull();
  });

  it("P54: links keep as whom is read", async () => {
    const { headers } = await server.ask("/messages/bob?limit=2&as=alice", {
      user: "indexer",
      scopes: ["history:read"],
    });
    expect(linksIn(headers).prev).toBe(`/messages/bob?limit=2&before=${idAt(7)}&as=alice`);
  });

  it("P51: before together with after is refused", async () => {
    const { status, body } = await server.ask(`/messages/bob?before=${idAt(3)}&after=${idAt(1)}`);
    expect([status, body.code]).toEqual([400, "invalid_parameter"]);
  });
});

describe("GET /sync", () => {
  it("P53: everything the caller may see, in log order, and a cursor at the log's end", async () => {
    const { body } = await server.ask("/sync");
    expect(seqsOf(body.messages)).toEqual([1, 2, 3, 4, 6, 7, 8]);
    expect(body).toMatchObject({ more: false, cursor: idAt(8) });
  });

  it("P53: sees the public and one's own, and never what is between others", async () => {
    expect(await seqs("/sync", { user: "carol" })).toEqual([4, 5, 6]);
    expect(await seqs("/sync", { user: "dave" })).toEqual([4, 6]);
  });

  it("P53: goes on from a cursor, or from the id of a message", async () => {
    const { body } = await server.ask(`/sync?limit=3&after=${idAt(1)}`);
    expect(seqsOf(body.messages)).toEqual([2, 3, 4]);
    expect(body).toMatchObject({ more: true, cursor: idAt(4) });
    expect(await seqs(`/sync?after=${body.cursor}`)).toEqual([6, 7, 8]);
  });

  it("L22: more:false covers everything up to the log's end, also where nothing was returned", async () => {
    const { body } = await server.ask(`/sync?after=${idAt(7)}`, { user: "dave" });
    expect(body).toEqual({ messages: [], more: false, cursor: idAt(8) });
  });

  it("L3: a cursor beyond the log's end starts again from the store", async () => {
    expect(await seqs(`/sync?after=${idAt(99)}`)).toEqual([1, 2, 3, 4, 6, 7, 8]);
  });
});

describe("reading as somebody else", () => {
  const service: Asking = { user: "indexer", scopes: ["other", "history:read"] };

  it("P54: an internal service may", async () => {
    expect(await seqs("/messages/bob?as=alice", service)).toEqual([1, 2, 3, 7, 8]);
    expect(await seqs("/sync?as=carol", service)).toEqual([4, 5, 6]);
    expect(server.events).toContainEqual({
      type: "read-as",
      route: "conversation",
      by: "indexer",
      as: "alice",
    });
  });

  it("P54: any other token that tries gets 403", async () => {
    for (const path of ["/messages/bob?as=alice", "/messages?as=alice", "/sync?as=alice"])
      expect(await server.ask(path)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  });
});
