import { timestampOf } from "@parley/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPartlyStored } from "../test/partly-stored.ts";
import type { RequestOptions, RunningApi } from "../test/running-api.ts";
import { idAt, message, type ScriptedTail } from "../test/scripted-tail.ts";

let server: RunningApi;
let tail: ScriptedTail;

/** Messages 1 to 7 are in the log. 1, 2, 4 and 6 are stored; the others are pending. */
const LOG = [
  message(1),
  message(2, { from: "carol", to: "alice" }),
  message(3, { from: "bob", to: "alice" }),
  message(4, { to: "dave" }),
  message(5, { to: "" }),
  message(6, { from: "carol", to: "bob" }),
  message(7, { to: "alice" }),
];
const STORED = [1, 2, 4, 6];

beforeAll(async () => {
  ({ server, tail } = await startPartlyStored(LOG, STORED));
});
afterAll(() => server.stop());

async function listConversations(path: string, options?: RequestOptions): Promise<[string, number][]> {
  const { status, body } = await server.request(path, options);
  expect(status).toBe(200);
  return body.conversations.map((conversation: { with: string; last: { id: string } }) => [
    conversation.with,
    Number(conversation.last.id.split("-")[1]),
  ]);
}

describe("GET /conversations", () => {
  it("P57: lists private conversations, newest first, each with its last message, stored or pending", async () => {
    expect(await listConversations("/conversations")).toEqual([
      ["alice", 7],
      ["dave", 4],
      ["bob", 3],
      ["carol", 2],
    ]);
    expect(await listConversations("/conversations", { user: "bob" })).toEqual([
      ["carol", 6],
      ["alice", 3],
    ]);
    expect(await listConversations("/conversations", { user: "nobody" })).toEqual([]);
  });

  it("P57: a conversation holds its peer and its last message in full, and how far both have read", async () => {
    const { body, type, headers } = await server.request("/conversations?limit=1");
    expect(type).toBe("application/json");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(body).toEqual({
      conversations: [
        {
          with: "alice",
          last: {
            id: idAt(7),
            from: "alice",
            to: "alice",
            content: "number 7",
            timestamp: timestampOf(idAt(7)),
          },
          unread: 0,
          read: idAt(7),
        },
      ],
      next: idAt(7),
      public: {
        unread: 0,
        read: idAt(5),
        last: { id: idAt(5), from: "alice", to: "", content: "number 5", timestamp: timestampOf(idAt(5)) },
      },
    });
  });

  it("P57: is paged until there is no `next`", async () => {
    const seen: string[] = [];
    for (let path: string | undefined = "/conversations?limit=1"; path !== undefined; ) {
      seen.push(...(await listConversations(path)).map(([peer]) => peer));
      const { body } = await server.request(path);
      path = body.next && `/conversations?limit=1&before=${body.next}`;
    }
    expect(seen).toEqual(["alice", "dave", "bob", "carol"]);
  });

  it("P54: an internal service may read as a user; another token may not", async () => {
    const service: RequestOptions = { user: "indexer", scopes: ["history:read"] };
    expect(await listConversations("/conversations?as=bob", service)).toHaveLength(2);
    const { status, body } = await server.request("/conversations?as=bob");
    expect([status, body.code]).toEqual([403, "forbidden"]);
    expect(server.events).toContainEqual({
      type: "read-as",
      route: "conversations",
      by: "indexer",
      as: "bob",
    });
  });

  it.each(["limit=0", "limit=1001", "limit=x", "before=7", "before=", "limit=1&limit=2", "before[$lt]=1"])(
    "P55: ?%s is refused",
    async (query) => {
      const { status, body, type } = await server.request(`/conversations?${query}`);
      expect([status, body.code]).toEqual([400, "invalid_parameter"]);
      expect(type).toMatch(/^application\/problem\+json/);
    },
  );

  it("P55: answers 401 without a token, 405 to another method, 404 below the path", async () => {
    expect((await server.request("/conversations", { user: "" })).status).toBe(401);
    expect((await server.request("/conversations", { method: "POST" })).status).toBe(405);
    expect((await server.request("/conversations/bob")).status).toBe(404);
    expect((await server.fetch("/conversations", { method: "HEAD" })).status).toBe(200);
  });

  it("P55: answers 503, never an empty list, if the log's end can't be read", async () => {
    tail.isDown = true;
    const { status, headers, body } = await server.request("/conversations");
    tail.isDown = false;
    expect([status, body.code]).toEqual([503, "unavailable"]);
    expect(headers.get("retry-after")).toBe("1");
  });
});
