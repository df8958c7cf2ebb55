import { timestampOf } from "@parley/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPartlyStored } from "../test/partly-stored.ts";
import type { Asking, RunningApi } from "../test/running-api.ts";
import { idAt, message, type ScriptedTail } from "../test/scripted-tail.ts";

let server: RunningApi;
let tail: ScriptedTail;

/** 1–7 are in the log; of them 1, 2, 4 and 6 are stored: the others are pending, each with some persister. */
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

async function lasts(path: string, asking?: Asking): Promise<[string, number][]> {
  const { status, body } = await server.ask(path, asking);
  expect(status).toBe(200);
  return body.conversations.map((conversation: { with: string; last: { id: string } }) => [
    conversation.with,
    Number(conversation.last.id.split("-")[1]),
  ]);
}

describe("GET /conversations", () => {
  it("P57: each with its last message, stored or not, newest first, and not the public room", async () => {
    expect(await lasts("/conversations")).toEqual([
      ["alice", 7],
      ["dave", 4],
      ["bob", 3],
      ["carol", 2],
    ]);
    expect(await lasts("/conversations", { user: "bob" })).toEqual([
      ["carol", 6],
      ["alice", 3],
    ]);
    expect(await lasts("/conversations", { user: "nobody" })).toEqual([]);
  });

  it("P57: a conversation is its peer and the message as history answers it, and nothing else", async () => {
    const { body, type, headers } = await server.ask("/conversations?limit=1");
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
        },
      ],
      next: idAt(7),
    });
  });

  it("P57: page by page, until there is no `next`", async () => {
    const seen: string[] = [];
    for (let path: string | undefined = "/conversations?limit=1"; path !== undefined; ) {
      seen.push(...(await lasts(path)).map(([peer]) => peer));
      const { body } = await server.ask(path);
      path = body.next && `/conversations?limit=1&before=${body.next}`;
    }
    expect(seen).toEqual(["alice", "dave", "bob", "carol"]);
  });

  it("P54: an internal service may read as a user, any other token may not", async () => {
    const service: Asking = { user: "indexer", scopes: ["history:read"] };
    expect(await lasts("/conversations?as=bob", service)).toHaveLength(2);
    const { status, body } = await server.ask("/conversations?as=bob");
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
      const { status, body, type } = await server.ask(`/conversations?${query}`);
      expect([status, body.code]).toEqual([400, "invalid_parameter"]);
      expect(type).toMatch(/^application\/problem\+json/);
    },
  );

  it("P55: without a token 401, by another method 405, below the path 404", async () => {
    expect((await server.ask("/conversations", { user: "" })).status).toBe(401);
    expect((await server.ask("/conversations", { method: "POST" })).status).toBe(405);
    expect((await server.ask("/conversations/bob")).status).toBe(404);
    expect((await server.fetch("/conversations", { method: "HEAD" })).status).toBe(200);
  });

  it("P55: 503 where the log's end cannot be had, and never an empty list", async () => {
    tail.down = true;
    const { status, headers, body } = await server.ask("/conversations");
    tail.down = false;
    expect([status, body.code]).toEqual([503, "unavailable"]);
    expect(headers.get("retry-after")).toBe("1");
  });
});
