import { timestampOf } from "@parley/models";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startPartlyStored } from "../test/partly-stored.ts";
import type { RequestOptions, RunningApi } from "../test/running-api.ts";
import { idAt, message } from "../test/scripted-tail.ts";

let server: RunningApi;
const once = { ref: "r", content: "once" };
/** 1, 2 and 4 are stored, the others are pending. 3 repeats 1 after the window, and 6 repeats 5. */
const LOG = [
  message(1, once),
  message(2, { to: "" }),
  message(3, once),
  message(4, { from: "carol", to: "dave" }),
  message(5, { ref: "s", content: "twice" }),
  message(6, { ref: "s", content: "twice" }),
];

beforeEach(async () => {
  ({ server } = await startPartlyStored(LOG, [1, 2, 4]));
});
afterEach(() => server.stop());

const get = (seq: number, options?: RequestOptions) => server.request(`/message/${idAt(seq)}`, options);
const json = (seq: number, also?: number) => {
  const { id, from, to, content } = LOG[seq - 1] ?? message(seq);
  return { id, from, to, content, timestamp: timestampOf(id), ...(also && { also: idAt(also) }) };
};

describe("GET /message/:id", () => {
  it("P59: returns a stored or pending message to those who may see it, and 404 to others", async () => {
    expect(await get(2, { user: "zoe" })).toMatchObject({ status: 200, type: "application/json" });
    expect((await get(2)).body).toEqual(json(2));
    expect((await get(4, { user: "dave" })).body).toEqual(json(4));
    for (const [seq, user] of [
      [4, "alice"],
      [1, "carol"],
      [5, "carol"],
      [7, "alice"],
      [999_999, "alice"],
    ] as const) {
      const { status, body } = await get(seq, { user });
      expect([status, body.code]).toEqual([404, "not_found"]);
      expect(JSON.stringify(body)).not.toContain("once");
    }
  });

  it("G1, P58: the id of an acknowledged duplicate returns the first message, pending and stored", async () => {
    expect((await get(3)).body).toEqual(json(1, 3));
    expect((await get(1)).body).toEqual(json(1, 3));
    expect((await get(6, { user: "bob" })).body).toEqual(json(5, 6));
    expect((await get(3, { user: "carol" })).status).toBe(404);
    await server.store.insert(LOG, { keepAliases: true });
    expect((await get(3)).body).toEqual(json(1, 3));
    expect((await get(6)).body).toEqual(json(5, 6));
    expect((await get(3, { user: "carol" })).status).toBe(404);
  });

  it("P58: lists show the first message with its latest alias, and take an alias as a bound", async () => {
    for (const isStored of [false, true]) {
      if (isStored) await server.store.insert(LOG, { keepAliases: true });
      const shown = [json(1, 3), json(5, 6)];
      expect((await server.request("/messages/bob")).body).toEqual(shown);
      expect((await server.request("/messages/bob?limit=9")).body).toEqual(shown);
      expect((await server.request(`/messages/bob?after=${idAt(3)}`)).body).toEqual(shown.slice(1));
      expect((await server.request(`/messages/bob?before=${idAt(3)}`)).body).toEqual(shown.slice(0, 1));
      const { body } = await server.request(`/sync?after=${idAt(3)}`, { user: "bob" });
      expect(body).toEqual({ messages: [json(5, 6)], changes: [], cursor: idAt(6), more: false });
      expect((await server.request("/conversations")).body.conversations).toMatchObject([
        { with: "bob", last: json(5, 6) },
      ]);
    }
  });

  it("P54, P55: takes `as` with its scope, and refuses other ids, methods and tokens", async () => {
    const service: RequestOptions = { user: "indexer", scopes: ["history:read"] };
    expect((await server.request(`/message/${idAt(4)}?as=dave`, service)).body).toEqual(json(4));
    expect((await server.request(`/message/${idAt(4)}?as=dave`)).status).toBe(403);
    for (const id of ["7", "1700000000000-0000000001-01", "x"]) {
      const { status, body } = await server.request(`/message/${id}`);
      expect([status, body.code]).toEqual([400, "invalid_parameter"]);
    }
    expect((await server.request(`/message/${idAt(1)}?as[$ne]=x`)).status).toBe(400);
    expect((await get(1, { user: "" })).status).toBe(401);
    expect((await get(1, { method: "PUT" })).status).toBe(405);
    expect((await server.request("/message")).status).toBe(404);
    expect((await server.fetch(`/message/${idAt(1)}`, { method: "HEAD" })).status).toBe(200);
  });
});
