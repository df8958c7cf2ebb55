import { ORIGIN, timestampOf } from "@parley/models";
import { REAL_NAMES } from "@parley/models/test/usernames";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSeqs, seqsOf, startWithEightMessages } from "../test/eight-messages.ts";
import type { RequestOptions, RunningApi } from "../test/running-api.ts";
import { idAt } from "../test/scripted-tail.ts";

let server: RunningApi;

beforeAll(async () => {
  server = await startWithEightMessages();
});
afterAll(() => server.stop());

const seqs = (path: string, options?: RequestOptions) => readSeqs(server, path, options);

describe("GET /messages/:username", () => {
  it("P50: returns all messages between the two users, stored or pending, oldest first", async () => {
    const answer = await server.request("/messages/bob");
    expect(answer.status).toBe(200);
    expect(answer.type).toBe("application/json");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(seqsOf(answer.body)).toEqual([1, 2, 3, 7, 8]);
  });

  it("P50: each message has id, from, to, content and timestamp, and nothing else", async () => {
    const { body } = await server.request("/messages/bob");
    expect(body[2]).toEqual({
      id: idAt(3),
      from: "alice",
      to: "bob",
      content: "number 3",
      timestamp: timestampOf(idAt(3)),
    });
  });

  it("P50: is the same for both users, and holds nobody else's messages", async () => {
    expect(await seqs("/messages/alice", { user: "bob" })).toEqual([1, 2, 3, 7, 8]);
    expect(await seqs("/messages/bob", { user: "carol" })).toEqual([5]);
    expect(await seqs("/messages/alice", { user: "carol" })).toEqual([]);
  });

  it("P52: GET /messages is the public room", async () => {
    expect(await seqs("/messages", { user: "dave" })).toEqual([4, 6]);
  });

  it("P4: decodes a percent-encoded username", async () => {
    expect(await seqs(`/messages/${encodeURIComponent("jürgen+1@example.com")}`)).toEqual([]);
    for (const name of Object.values(REAL_NAMES))
      expect(await seqs(`/messages/${encodeURIComponent(name.normalize("NFC"))}`), name).toEqual([]);
  });

  it("P4: a token's sub may be a name of any script, but not an invisible one", async () => {
    for (const user of [REAL_NAMES.thai, REAL_NAMES["arabic, with vowels"]])
      expect(await seqs("/messages/bob", { user })).toEqual([]);
    for (const user of ["\u3164", "bob\u00ad"])
      expect(await server.request("/messages/bob", { user })).toMatchObject({
        status: 401,
        body: { code: "unauthorized" },
      });
  });

  it("P4: refuses an invisible name, a leading mark and a tower of marks", async () => {
    for (const name of ["\u3164", "bob\ufe0f", "b\u200dob", "\u0301bob", `bob${"\u0316".repeat(5)}`]) {
      const path = `/messages/${encodeURIComponent(name)}`;
      const refused = { status: 400, body: { code: "invalid_username" } };
      expect(await server.request(path), JSON.stringify(name)).toMatchObject(refused);
    }
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

  it("P51: relative links lead back to the first page and forward to the last", async () => {
    const backward: number[] = [];
    let path: string | undefined = "/messages/bob?limit=2";
    let first = path;
    while (path !== undefined) {
      expect(path).toMatch(/^\/messages\/bob\?/);
      const { body, headers } = await server.request(path);
      backward.unshift(...seqsOf(body));
      first = path;
      path = linksIn(headers).prev;
    }
    expect(backward).toEqual([1, 2, 3, 7, 8]);
    const forward: number[] = [];
    path = first;
    while (path !== undefined) {
      const { body, headers } = await server.request(path);
      forward.push(...seqsOf(body));
      path = linksIn(headers).next;
    }
    expect(forward).toEqual([1, 2, 3, 7, 8]);
  });

  it("P51: a page that holds everything has no links", async () => {
    const { headers } = await server.request("/messages/bob?limit=5");
    expect(headers.get("link")).toBeNull();
  });

  it("P54: links keep the `as` parameter", async () => {
    const { headers } = await server.request("/messages/bob?limit=2&as=alice", {
      user: "indexer",
      scopes: ["history:read"],
    });
    expect(linksIn(headers).prev).toBe(`/messages/bob?limit=2&before=${idAt(7)}&as=alice`);
  });

  it("P51: before together with after is refused", async () => {
    const { status, body } = await server.request(`/messages/bob?before=${idAt(3)}&after=${idAt(1)}`);
    expect([status, body.code]).toEqual([400, "invalid_parameter"]);
  });
});

describe("GET /sync", () => {
  it("P53: returns everything the user may see, in log order, and a cursor at the log's end", async () => {
    const { body } = await server.request("/sync");
    expect(seqsOf(body.messages)).toEqual([1, 2, 3, 4, 6, 7, 8]);
    expect(body).toMatchObject({ more: false, cursor: idAt(8) });
  });

  it("P53: returns public messages and the user's own, never messages between others", async () => {
    expect(await seqs("/sync", { user: "carol" })).toEqual([4, 5, 6]);
    expect(await seqs("/sync", { user: "dave" })).toEqual([4, 6]);
  });

  it("P53: continues from a cursor or from the id of a message", async () => {
    const { body } = await server.request(`/sync?limit=3&after=${idAt(1)}`);
    expect(seqsOf(body.messages)).toEqual([2, 3, 4]);
    expect(body).toMatchObject({ more: true, cursor: idAt(4) });
    expect(await seqs(`/sync?after=${body.cursor}`)).toEqual([6, 7, 8]);
  });

  it("L22: more:false covers everything up to the log's end, even if no message was returned", async () => {
    const { body } = await server.request(`/sync?after=${idAt(7)}`, { user: "dave" });
    expect(body).toEqual({ messages: [], changes: [], more: false, cursor: idAt(8) });
  });

  it("L3: a cursor beyond the log's end starts again from the store", async () => {
    expect(await seqs(`/sync?after=${idAt(99)}`)).toEqual([1, 2, 3, 4, 6, 7, 8]);
  });
});

describe("reading as another user", () => {
  const service: RequestOptions = { user: "indexer", scopes: ["other", "history:read"] };

  it("P54: is allowed for an internal service", async () => {
    expect(await seqs("/messages/bob?as=alice", service)).toEqual([1, 2, 3, 7, 8]);
    expect(await seqs("/sync?as=carol", service)).toEqual([4, 5, 6]);
    expect(server.events).toContainEqual({
      type: "read-as",
      route: "conversation",
      by: "indexer",
      as: "alice",
    });
  });

  it("P54: answers 403 to any other token", async () => {
    for (const path of ["/messages/bob?as=alice", "/messages?as=alice", "/sync?as=alice"])
      expect(await server.request(path)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  });
});
