import { until } from "@parley/async";
import type { Appended } from "@parley/bus";
import {
  ChatError,
  contentDigest,
  type EntryDraft,
  isChange,
  type LogMessage,
  timestampOf,
} from "@parley/models";
import { rateLimitOf } from "@parley/service";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HistoryConfig } from "../config.ts";
import { type RequestOptions, RunningApi } from "../test/running-api.ts";
import { idAt, message, ScriptedTail } from "../test/scripted-tail.ts";

const meta = '{"a":2.50}';
/** 1 and 2 are stored, 3 and 4 are pending. 4 repeats 1 after the window. */
const LOG: readonly LogMessage[] = [
  message(1, { meta, ref: "m" }),
  message(2, { to: "" }),
  message(3),
  message(4, { meta, ref: "m", content: "number 1" }),
];

let server: RunningApi;
let tail: ScriptedTail;
/** What the log answers instead of appending. */
let refusal: Appended | undefined;
let appended: EntryDraft[];

/** A log that forgets each ref at once, so that only history-api recognizes a repeated request. */
async function append(drafts: readonly EntryDraft[]): Promise<readonly Appended[]> {
  if (refusal) return [refusal];
  return drafts.map((draft) => {
    if (!isChange(draft)) throw new Error("not a change");
    const change = idAt(100 + appended.length);
    appended.push(draft);
    tail.append({ ...draft, change });
    return { ok: true, id: change };
  });
}

async function start(changes: Partial<HistoryConfig> = {}): Promise<void> {
  tail = new ScriptedTail();
  appended = [];
  refusal = undefined;
  server = await RunningApi.start(
    async (store) => {
      await store.insert(LOG.slice(0, 2));
      tail.append(...LOG);
      tail.stored = idAt(2);
      return tail;
    },
    changes,
    (store) => store,
    { append },
  );
  await until(() => server.api.problems().length === 0);
}

beforeEach(() => start());
afterEach(() => server.stop());

function patch(seq: number, body: unknown, options: RequestOptions & { body?: string } = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const headers = { "content-type": "application/json", ...options.headers };
  return server.request(`/message/${idAt(seq)}`, {
    method: "PATCH",
    ...options,
    headers,
    body: text,
  } as never);
}

function remove(seq: number, ref = "d", options: RequestOptions = {}) {
  return server.request(`/message/${idAt(seq)}?ref=${ref}`, { method: "DELETE", ...options });
}

const codeOf = ({ status, body }: Awaited<ReturnType<typeof patch>>) => [status, body.code];
const shown = async (seq: number) => (await server.request(`/message/${idAt(seq)}`, { user: "bob" })).body;
const MODERATOR = { user: "mod", scopes: ["moderate"] };
/** Stores everything that is pending. */
async function storeAll() {
  await server.store.insert(LOG, { keepAliases: true });
  await server.store.change(tail.entries.filter(isChange), { watermark: tail.end });
}

describe("PATCH /message/:id", () => {
  it("P73: the sender edits a stored or pending message; the answer is the change's id and time", async () => {
    for (const [seq, change] of [
      [1, 100],
      [3, 101],
    ] as const) {
      const answer = await patch(seq, { content: `edit of ${seq}`, ref: `e${seq}` });
      const id = idAt(change);
      expect(answer).toMatchObject({
        status: 200,
        type: "application/json",
        body: { id, timestamp: timestampOf(id) },
      });
      expect(await shown(seq)).toMatchObject({ content: `edit of ${seq}`, change: id, edited: true });
    }
    expect(server.events).toContainEqual({ type: "changed", kind: "edit", by: undefined });
  });

  it("P73, P72: without meta the message keeps its own; a meta is kept as it was written", async () => {
    await patch(1, { content: "one", ref: "1" });
    expect(appended.at(-1)).toMatchObject({ kind: "edit", id: idAt(1), content: "one", meta });
    await patch(1, '{"content":"two","ref":"2","meta": {"b":1.50, "a":[]} }');
    expect(appended.at(-1)).toMatchObject({ content: "two", meta: '{"b":1.50, "a":[]}' });
    await patch(1, { content: "three", ref: "3" });
    expect(appended.at(-1)).toMatchObject({ content: "three", meta: '{"b":1.50, "a":[]}' });
  });

  it("P58: an id that stands for a message edits that message", async () => {
    expect((await patch(4, { content: "edited", ref: "e" })).status).toBe(200);
    expect(appended).toMatchObject([{ id: idAt(1) }]);
  });

  it("P73: a repeated request gets the same answer, however much later, and another content `ref_reused`", async () => {
    const edit = { content: "edited", ref: "e" };
    const first = await patch(1, edit);
    for (const isStored of [false, true]) {
      if (isStored) await storeAll();
      expect((await patch(1, edit)).body).toEqual(first.body);
      expect((await patch(4, edit)).body).toEqual(first.body);
      expect(codeOf(await patch(1, { ...edit, content: "other" }))).toEqual([409, "ref_reused"]);
      expect(codeOf(await remove(1, "e"))).toEqual([409, "ref_reused"]);
    }
    await remove(1);
    expect((await patch(1, edit)).body).toEqual(first.body);
    expect(appended).toHaveLength(2);
  });

  it("P73, L37: a repeated edit is known under the message's former id, and for no other message", async () => {
    const of = { from: "alice", to: "bob", id: idAt(4), digest: contentDigest(LOG[3] as LogMessage) };
    tail.append({ kind: "edit", change: idAt(90), ...of, content: "edited", meta, ref: "e" });
    const edit = { content: "edited", ref: "e" };
    for (const isStored of [false, true]) {
      if (isStored) await storeAll();
      expect(await patch(1, edit)).toMatchObject({ status: 200, body: { id: idAt(90) } });
      expect(codeOf(await patch(1, { ...edit, content: "other" }))).toEqual([409, "ref_reused"]);
      expect(codeOf(await patch(3, edit))).toEqual([409, "ref_reused"]);
      expect(codeOf(await remove(1, "e"))).toEqual([409, "ref_reused"]);
    }
    expect(appended).toEqual([]);
  });

  it("P73: a ref is known from the store, once the log's end has no change with it any more", async () => {
    await server.stop();
    await start({ maxTailBytes: 1 });
    const edit = { content: "edited", ref: "e" };
    const first = await patch(1, edit);
    await storeAll();
    tail.stored = tail.end;
    const isEmpty = () => server.events.findLast(({ type }) => type === "tail");
    await until(() => (isEmpty() as { entries?: number } | undefined)?.entries === 0, "an empty tail");
    expect((await patch(1, edit)).body).toEqual(first.body);
    expect(codeOf(await patch(1, { ...edit, content: "other" }))).toEqual([409, "ref_reused"]);
    expect(appended).toHaveLength(1);
  });

  it("P73: 404 for who may not see the message, 403 for who may and isn't its sender, 410 once it is deleted", async () => {
    const edit = { content: "edited", ref: "e" };
    expect(codeOf(await patch(1, edit, { user: "carol" }))).toEqual([404, "not_found"]);
    expect(codeOf(await patch(50, edit))).toEqual([404, "not_found"]);
    expect(codeOf(await patch(1, edit, { user: "bob" }))).toEqual([403, "forbidden"]);
    expect(codeOf(await patch(2, edit, { ...MODERATOR }))).toEqual([403, "forbidden"]);
    await remove(1);
    expect(codeOf(await patch(1, edit))).toEqual([410, "message_deleted"]);
    expect(codeOf(await remove(1, "again"))).toEqual([410, "message_deleted"]);
    expect(appended).toHaveLength(1);
  });

  it.each([
    ["no JSON", "{", 400, "invalid_json"],
    ["no content", { ref: "e" }, 400, "invalid_message"],
    ["an empty content", { content: "", ref: "e" }, 400, "invalid_message"],
    ["no ref", { content: "x" }, 400, "invalid_message"],
    ["a meta that is no object", { content: "x", ref: "e", meta: [1] }, 400, "invalid_message"],
    [
      "a meta that is too long",
      { content: "x", ref: "e", meta: { x: "y".repeat(1_024) } },
      400,
      "invalid_message",
    ],
    ["a content that is too long", { content: "x".repeat(9_000), ref: "e" }, 413, "content_too_long"],
    ["a body that is too long", { content: "x".repeat(70_000), ref: "e" }, 413, "payload_too_large"],
  ])("P73, P12: %s is refused", async (_, body, status, code) => {
    expect(codeOf(await patch(1, body))).toEqual([status, code]);
    expect(appended).toEqual([]);
  });

  it("P73: the body must be JSON, and unknown query parameters are refused", async () => {
    const headers = { "content-type": "text/plain" };
    expect(codeOf(await patch(1, { content: "x", ref: "e" }, { headers }))).toEqual([
      415,
      "unsupported_media_type",
    ]);
    const path = `/message/${idAt(1)}?ref=e&as=bob`;
    expect(codeOf(await server.request(path, { method: "DELETE" }))).toEqual([400, "invalid_parameter"]);
    expect(codeOf(await server.request(`/message/${idAt(1)}`, { method: "DELETE" }))).toEqual([
      400,
      "invalid_parameter",
    ]);
  });

  it.each(["unavailable", "backlog_full", "not_enabled"] as const)(
    "P73, L25: %s of the log is answered",
    async (code) => {
      refusal = { ok: false, error: new ChatError(code) };
      const { status, body, headers } = await patch(1, { content: "x", ref: "e" });
      expect([status, body.code]).toEqual(code === "not_enabled" ? [409, code] : [503, code]);
      expect(headers.get("retry-after")).toBe(code === "not_enabled" ? null : "1");
    },
  );
});

describe("DELETE /message/:id", () => {
  it("P73, P76: the sender deletes a message, which stays without its text; repeated, the answer is the same", async () => {
    const first = await remove(1);
    expect(first).toMatchObject({ status: 200, body: { id: idAt(100) } });
    expect(await shown(1)).toMatchObject({ content: "", deleted: true, change: idAt(100) });
    await storeAll();
    expect((await remove(1)).body).toEqual(first.body);
    expect(appended).toMatchObject([{ kind: "delete", id: idAt(1), ref: "d" }]);
    expect(appended[0]).not.toHaveProperty("by");
  });

  it("P73: a moderator deletes anybody's message without being told what it says, and the change names them", async () => {
    for (const seq of [1, 2]) {
      const { status, body } = await remove(seq, `d${seq}`, MODERATOR);
      expect([status, Object.keys(body)]).toEqual([200, ["id", "timestamp"]]);
      expect(appended.at(-1)).toMatchObject({ kind: "delete", id: idAt(seq), by: "mod" });
    }
    expect(server.events).toContainEqual({ type: "changed", kind: "delete", by: "mod" });
    expect(codeOf(await remove(3, "d", { user: "bob", scopes: ["history:read", "ops"] }))).toEqual([
      403,
      "forbidden",
    ]);
    expect(codeOf(await remove(3, "d", { user: "carol" }))).toEqual([404, "not_found"]);
  });
});

describe("limits", () => {
  it("P73, P32: requests count against the user's rate, valid or not", async () => {
    await server.stop();
    await start({ rate: rateLimitOf(0.25) });
    expect(codeOf(await patch(1, "{"))).toEqual([400, "invalid_json"]);
    const refused = await patch(1, { content: "x", ref: "e" });
    expect(codeOf(refused)).toEqual([429, "rate_limited"]);
    expect(refused.headers.get("retry-after")).not.toBeNull();
    expect((await remove(3, "d", MODERATOR)).status).toBe(200);
  });

  it("P73, G5: a user may have only so many requests without an answer", async () => {
    await server.stop();
    await start({ maxUnanswered: 1 });
    const held = tail.hold("position");
    const first = patch(1, { content: "x", ref: "e" });
    await held.reached;
    expect(codeOf(await remove(3))).toEqual([429, "too_many_connections"]);
    held.release();
    expect((await first).status).toBe(200);
    expect((await remove(3)).status).toBe(200);
  });

  it("CORS preflights name PATCH and DELETE, and pages of other origins are refused", async () => {
    const preflight = (path: string) =>
      server.fetch(path, {
        user: "",
        method: "OPTIONS",
        headers: { origin: server.url, "access-control-request-method": "PATCH" },
      });
    const methods = (await preflight(`/message/${idAt(1)}`)).headers.get("access-control-allow-methods");
    expect(methods).toBe("GET, HEAD, PATCH, DELETE");
    expect((await preflight("/sync")).headers.get("access-control-allow-methods")).toBe("GET, HEAD");
    const refused = await remove(1, "d", { headers: { origin: "https://elsewhere.example" } });
    expect(codeOf(refused)).toEqual([403, "origin_not_allowed"]);
    const put = await server.request(`/message/${idAt(1)}`, { method: "PUT" });
    expect([put.status, put.headers.get("allow")]).toEqual([405, "GET, HEAD, PATCH, DELETE, OPTIONS"]);
  });

  it("P65, L26: a token that is revoked while its request waits changes nothing", async () => {
    const hold = tail.hold("position");
    const answers = [patch(1, { content: "x", ref: "r" }), remove(1)];
    await hold.reached;
    await server.revocations.revoke({ user: "alice", issuedBefore: Date.now() + 1_000 });
    hold.release();
    for (const answer of await Promise.all(answers)) expect(codeOf(answer)).toEqual([401, "token_revoked"]);
    expect(appended).toEqual([]);
  });
});
