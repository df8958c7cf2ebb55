import { setImmediate as turn } from "node:timers/promises";
import { until } from "@parley/async";
import type { Appended } from "@parley/bus";
import { ChatError, timestampOf } from "@parley/models";
import { describe, expect, it } from "vitest";
import { connectClient } from "../test/chat-client.ts";
import { HeldAppender, post } from "../test/post.ts";
import { startGateway } from "../test/running-gateway.ts";

const SERVICE = { user: "bot", scopes: ["messages:send"] };
const UNLIMITED = { perSecond: Number.POSITIVE_INFINITY, burst: Number.POSITIVE_INFINITY };
const codeOf = ({ status, body }: Awaited<ReturnType<typeof post>>) => [status, body.code];

describe("POST /send", () => {
  it("P62: answers with the id and the timestamp once the message is durable", async () => {
    const held = new HeldAppender();
    const gateway = await startGateway({ append: held.wrap });
    let answered = false;
    const answer = post(gateway, { to: "bob", content: "hello", ref: "r1" }).finally(() => {
      answered = true;
    });
    await until(() => held.contents.length === 1, "the call to the log");
    await turn();
    expect(answered).toBe(false);
    held.open();
    const { status, headers, body } = await answer;
    expect([status, headers.get("content-type"), headers.get("cache-control")]).toEqual([
      200,
      "application/json",
      "no-store",
    ]);
    expect(body).toEqual({ id: body.id, timestamp: timestampOf(String(body.id)) });
    expect(gateway.store.messages).toEqual([
      { id: body.id, from: "alice", to: "bob", content: "hello", ref: "r1" },
    ]);
  });

  it("P62 P20: sender and recipient hear the message live, like any other", async () => {
    const gateway = await startGateway();
    const [alice, bob] = [await connectClient(gateway, "alice"), await connectClient(gateway, "bob")];
    const { body } = await post(gateway, { to: "bob", content: "hello", ref: "r1" });
    const heard = await bob.waitFor("message");
    expect(heard).toEqual({ type: "message", ...body, from: "alice", to: "bob", content: "hello" });
    expect(await alice.waitFor("message")).toEqual(heard);
    await post(gateway, { content: "to all", ref: "r2", type: "message", from: "mallory" });
    expect(await bob.waitFor("message", 2)).toMatchObject({ from: "alice", to: "", content: "to all" });
    expect(alice.framesOf("ack")).toEqual([]);
  });

  it("P62 G2: a repeated request gets the same id, also after a socket's frame; other content is refused", async () => {
    const gateway = await startGateway();
    const alice = await connectClient(gateway, "alice");
    const message = { to: "bob", content: "hello", ref: "r" };
    alice.send(message);
    const { id } = await alice.waitFor("ack");
    for (let n = 0; n < 2; n++) expect((await post(gateway, message)).body.id).toBe(id);
    expect(codeOf(await post(gateway, { ...message, content: "other" }))).toEqual([409, "ref_reused"]);
    expect(gateway.store.messages).toHaveLength(1);
  });

  it.each([
    ["a body that isn't JSON", "{", 400, "invalid_json", "JSON"],
    ["no object", "[]", 400, "invalid_message", "object"],
    ["no ref", { content: "x" }, 400, "invalid_message", "`ref`"],
    ["an empty ref", { content: "x", ref: "" }, 400, "invalid_message", "`ref`"],
    ["no content", { ref: "r" }, 400, "invalid_message", "`content`"],
    [
      "a recipient that is no username",
      { to: "a b", content: "x", ref: "r" },
      400,
      "invalid_message",
      "`to`",
    ],
    ["an object as `as`", { content: "x", ref: "r", as: {} }, 400, "invalid_message", "`as`"],
    ["an unknown type", { type: "x", ref: "r" }, 400, "unknown_type", "type"],
    ["a ping", { type: "ping" }, 400, "unknown_type", "Only messages"],
    ["a token", { type: "auth", token: "x" }, 400, "unknown_type", "Only messages"],
    [
      "a content that is too long",
      { content: "x".repeat(8_193), ref: "r" },
      413,
      "content_too_long",
      "longer",
    ],
    ["a body of 65 KiB", { content: "x".repeat(66_560), ref: "r" }, 413, "payload_too_large", "large"],
  ])("P62 P30: %s is refused", async (_name, body, status, code, detail) => {
    const gateway = await startGateway();
    const answer = await post(gateway, body);
    expect(codeOf(answer)).toEqual([status, code]);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body.detail).toContain(detail);
    expect(gateway.store.messages).toEqual([]);
  });

  it("P62: takes a body of 64 KiB, JSON escapes included", async () => {
    const gateway = await startGateway({ config: { maxContentBytes: 60_000, rate: UNLIMITED } });
    const content = "\u0001".repeat(10_000);
    const padding = " ".repeat(65_536 - JSON.stringify({ content, ref: "r" }).length);
    expect(codeOf(await post(gateway, JSON.stringify({ content, ref: "r" }) + padding))).toEqual([
      200,
      undefined,
    ]);
    expect(gateway.store.messages[0]?.content).toBe(content);
    expect(codeOf(await post(gateway, `${JSON.stringify({ content, ref: "r" })}${padding} `))).toEqual([
      413,
      "payload_too_large",
    ]);
  });

  it("P62: text that isn't UTF-8 is refused, like a frame", async () => {
    const gateway = await startGateway();
    const response = await fetch(`${gateway.url}/send`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${await gateway.token("alice")}`,
      },
      body: Buffer.from([...Buffer.from('{"ref":"r","content":"'), 0xc3, 0x28, ...Buffer.from('"}')]),
    });
    expect([response.status, JSON.parse(await response.text()).code]).toEqual([400, "invalid_json"]);
  });

  it("P62: only POST is allowed, and only plain JSON, which an HTML form can't send", async () => {
    const gateway = await startGateway();
    const got = await fetch(`${gateway.url}/send`);
    expect([got.status, got.headers.get("allow")]).toEqual([405, "POST"]);
    const message = { content: "x", ref: "r" };
    for (const headers of [
      { "content-type": "text/plain" },
      { "content-type": "application/x-www-form-urlencoded" },
      { "content-encoding": "gzip" },
    ])
      expect(codeOf(await post(gateway, message, { headers }))).toEqual([415, "unsupported_media_type"]);
  });

  it("P64: refuses query parameters, and doesn't repeat them", async () => {
    const gateway = await startGateway();
    const query = "?secret-in-the-wrong-place=1";
    const answer = await post(gateway, { content: "x", ref: "r" }, { query });
    expect(codeOf(answer)).toEqual([400, "invalid_parameter"]);
    expect(JSON.stringify(answer.body)).not.toContain("secret-in-the-wrong-place");
  });

  it("P62 P3: a page of another origin is refused, unless its origin is allowed", async () => {
    const origin = "https://chat.example";
    const message = { content: "x", ref: "r" };
    const strict = await startGateway();
    expect(codeOf(await post(strict, message, { headers: { origin } }))).toEqual([403, "origin_not_allowed"]);
    expect(strict.store.messages).toEqual([]);
    const open = await startGateway({ config: { allowedOrigins: [origin] } });
    const { status, headers } = await post(open, message, { headers: { origin } });
    expect([status, headers.get("access-control-allow-origin")]).toEqual([200, origin]);
    const preflight = await fetch(`${open.url}/send`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "POST"]);
  });

  it.each(["unavailable", "backlog_full"] as const)(
    "P62 P31: %s of the log is 503 with the time of a retry",
    async (code) => {
      const refused: Appended = { ok: false, error: new ChatError(code) };
      const gateway = await startGateway({
        append: (append) => ({ problem: () => append.problem(), append: async () => [refused] }),
      });
      const { status, headers, body } = await post(gateway, { content: "x", ref: "r" });
      expect([status, body.code, body.retryAfterMs, headers.get("retry-after")]).toEqual([
        503,
        code,
        1_000,
        "1",
      ]);
    },
  );
});

describe("a service", () => {
  it("P62: with the scope `messages:send` sends as a user, whose sockets hear it; the log names it", async () => {
    const gateway = await startGateway();
    const alice = await connectClient(gateway, "alice");
    const message = { to: "bob", content: "your order has shipped", ref: "order-1", as: "alice" };
    const { status, body } = await post(gateway, message, SERVICE);
    expect(status).toBe(200);
    expect(await alice.waitFor("message")).toMatchObject({ id: body.id, from: "alice", to: "bob" });
    expect(gateway.events).toContainEqual(
      expect.objectContaining({ type: "posted", by: "bot", as: "alice" }),
    );
    expect((await post(gateway, message, SERVICE)).body.id).toBe(body.id);
    const own = await post(gateway, { to: "bob", content: "hi", ref: "1" }, SERVICE);
    expect(gateway.store.messages.find(({ id }) => id === own.body.id)?.from).toBe("bot");
  });

  it("P62: without the scope it can't, not even as itself", async () => {
    const gateway = await startGateway();
    for (const [as, scopes] of [
      ["bob", []],
      ["alice", []],
      ["bob", ["history:read", "ops", "messages:sender"]],
    ] as const)
      expect(codeOf(await post(gateway, { content: "x", ref: "r", as }, { scopes }))).toEqual([
        403,
        "forbidden",
      ]);
    expect(gateway.store.messages).toEqual([]);
  });

  it("P62: counts against its own rate, and not against that of any user", async () => {
    const one = { perSecond: 0.1, burst: 1 };
    const gateway = await startGateway({
      config: { rate: one, serviceRate: { perSecond: 0.1, burst: 2 } },
    });
    const send = (ref: string, as?: string) => post(gateway, { content: "x", ref, as }, SERVICE);
    expect([(await send("1", "alice")).status, (await send("2")).status]).toEqual([200, 200]);
    expect(codeOf(await send("3", "alice"))).toEqual([429, "rate_limited"]);
    for (const user of ["alice", "bot"])
      expect((await post(gateway, { content: "x", ref: "4" }, { user })).status, user).toBe(200);
  });
});
