import { setImmediate as turn } from "node:timers/promises";
import { until } from "@parley/async";
import { describe, expect, it } from "vitest";
import { type ChatClient, connectClient } from "../test/chat-client.ts";
import { HeldAppender, type Posted, post } from "../test/post.ts";
import { RawClient } from "../test/raw-client.ts";
import { type RunningGateway, startGateway } from "../test/running-gateway.ts";

const MESSAGE = { content: "x", ref: "r" };
const codeOf = ({ status, body }: Posted) => [status, body.code];

/** Sends the head of a request, and as much of its body as is given. */
async function begin(gateway: RunningGateway, body: string, headers: Record<string, string> = {}) {
  const client = new RawClient(gateway.port);
  const all = {
    Host: "localhost",
    Authorization: `Bearer ${await gateway.token("alice")}`,
    "Content-Type": "application/json",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  client.socket.write(`POST /send HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
  return client;
}

const wholeBody = (body: string) => ({ "Content-Length": String(body.length) });

describe("the rates of a user", () => {
  it("P62 P32: are shared by requests and sockets, and a refusal names the time of a retry", async () => {
    const gateway = await startGateway({ config: { rate: { perSecond: 0.5, burst: 2 } } });
    const alice = await connectClient(gateway, "alice");
    alice.send({ content: "over the socket", ref: "1" });
    await alice.waitFor("ack");
    expect((await post(gateway, { content: "by request", ref: "2" })).status).toBe(200);
    const refused = await post(gateway, { content: "one more", ref: "3" });
    expect(codeOf(refused)).toEqual([429, "rate_limited"]);
    expect(refused.body.retryAfterMs).toBeGreaterThan(0);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    alice.send({ content: "over the socket", ref: "4" });
    expect(await alice.waitFor("error")).toMatchObject({ code: "rate_limited", ref: "4" });
    expect((await post(gateway, MESSAGE, { user: "bob" })).status).toBe(200);
    expect(gateway.events).toContainEqual(
      expect.objectContaining({ type: "frame-refused", code: "rate_limited", limit: "frames" }),
    );
  });

  it("P62 P32: count an invalid body too, and the bytes that each reader gets", async () => {
    const bytes = { perSecond: 10, burst: 400 };
    const gateway = await startGateway({ config: { rate: { perSecond: 1e6, burst: 1e6, bytes } } });
    expect(codeOf(await post(gateway, "x".repeat(150)))).toEqual([400, "invalid_json"]);
    expect((await post(gateway, MESSAGE)).status).toBe(200);
    expect(codeOf(await post(gateway, { ...MESSAGE, ref: "s" }))).toEqual([429, "rate_limited"]);
  });

  it("G5: a user over the limit on reading is refused before the body is read", async () => {
    const gateway = await startGateway({ config: { rate: { perSecond: 1, burst: 1e6 }, heartbeatMs: 250 } });
    // The gateway reads 256 KiB a second. Bodies that begin at the same time take the user seconds beyond that.
    const body = JSON.stringify({ content: "x".repeat(60_000), ref: "r" });
    const clients = await Promise.all(
      Array.from({ length: 60 }, () => begin(gateway, body.slice(0, 5), wholeBody(body))),
    );
    await until(() => unansweredOf(gateway) === clients.length, "requests with valid tokens");
    for (const { socket } of clients) socket.write(body.slice(5));
    await Promise.all(clients.map(async (client) => expect(await client.status()).toBe(413)));
    expect(codeOf(await post(gateway, MESSAGE))).toEqual([429, "rate_limited"]);
    const client = await begin(gateway, "{", { "Content-Length": "60000" });
    expect(await client.status()).toBe(429);
    expect((await client.head()).toLowerCase()).toContain("connection: close");
  });
});

describe("requests without an answer", () => {
  it("P62 G5: one user may have only so many, whatever becomes of their connections", async () => {
    const held = new HeldAppender();
    const gateway = await startGateway({ append: held.wrap, config: { maxUnanswered: 2, heartbeatMs: 250 } });
    const body = JSON.stringify(MESSAGE);
    const clients = [
      await begin(gateway, body, wholeBody(body)),
      await begin(gateway, body, wholeBody(body)),
    ];
    await until(() => held.contents.length === 2, "two calls");
    const refused = await post(gateway, MESSAGE);
    expect([...codeOf(refused), refused.body.retryAfterMs]).toEqual([429, "too_many_connections", 1_000]);
    clients[0]?.socket.resetAndDestroy();
    await until(() => gateway.sockets.size <= 2, "the end of the socket");
    expect(codeOf(await post(gateway, MESSAGE))).toEqual([429, "too_many_connections"]);
    const other = post(gateway, MESSAGE, { user: "bob" });
    await until(() => held.contents.length === 3, "the other user's call");
    await until(() => unansweredOf(gateway) === 3, "the count of unanswered requests");
    held.open();
    expect([(await other).status, await clients[1]?.status()]).toEqual([200, 200]);
    expect((await post(gateway, MESSAGE)).status).toBe(200);
    await until(() => unansweredOf(gateway) === 0, "no unanswered request");
  });

  it("G5: one connection has one message appended at a time, however many requests it sends ahead", async () => {
    const held = new HeldAppender();
    const gateway = await startGateway({ append: held.wrap });
    const bodies = ["1", "2", "3"].map((ref) => JSON.stringify({ content: ref, ref }));
    const client = await begin(gateway, bodies[0] ?? "", wholeBody(bodies[0] ?? ""));
    const head = `POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
    const authorization = `Authorization: Bearer ${await gateway.token("alice")}\r\n`;
    for (const body of bodies.slice(1))
      client.socket.write(`${head}${authorization}Content-Length: ${body.length}\r\n\r\n${body}`);
    await until(() => held.contents.length > 0, "the first call");
    await post(gateway, MESSAGE, { user: "" });
    expect(held.contents).toEqual(["1"]);
    held.open();
    await until(() => gateway.store.messages.length === 3, "three messages");
    expect(gateway.store.messages.map(({ content }) => content)).toEqual(["1", "2", "3"]);
  });
});

function unansweredOf(gateway: RunningGateway): number | undefined {
  return gateway.events.findLast((event) => event.type === "load")?.unansweredRequests;
}

describe("a hostile client", () => {
  const PART = '{"content":"never complete","ref":"r"';

  it("P62 G5: without a valid token it is refused before its body", async () => {
    const gateway = await startGateway();
    for (const [authorization, code] of [
      ["", "token_missing"],
      ["Bearer a.b.c", "unauthorized"],
      [`Bearer ${await gateway.token("alice", 1)}x`, "unauthorized"],
    ]) {
      const headers = {
        "Content-Length": "60000",
        ...(authorization !== undefined && { Authorization: authorization }),
      };
      const client = await begin(gateway, PART, headers);
      expect(await client.status()).toBe(401);
      await until(() => client.body.includes("}"), "the body");
      expect(JSON.parse(client.body.toString()).code).toBe(code);
      expect((await client.head()).toLowerCase()).toContain("connection: close");
    }
  });

  it("G5: a body that is too long is refused at once if its length is declared, and else as soon as it is known", async () => {
    const gateway = await startGateway();
    const declared = await begin(gateway, PART, { "Content-Length": "1000000000" });
    expect(await declared.status()).toBe(413);
    const chunked = await begin(gateway, "", { "Transfer-Encoding": "chunked" });
    const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;
    for (let n = 0; n < 5; n++) chunked.socket.write(chunk);
    expect(await chunked.status()).toBe(413);
    await until(() => declared.ended && chunked.ended, "the end of both connections");
  });

  it("P62: a token that expires while the body is on its way isn't valid any more", async () => {
    let now = Date.now();
    const gateway = await startGateway({ now: () => now, config: { heartbeatMs: 250 } });
    const body = JSON.stringify(MESSAGE);
    const client = await begin(gateway, body.slice(0, 5), wholeBody(body));
    await until(() => unansweredOf(gateway) === 1, "a request whose token was valid");
    now += 3_600_000;
    client.socket.write(body.slice(5));
    expect(await client.status()).toBe(401);
    expect(gateway.store.messages).toEqual([]);
  });

  it("G5: leaves at any stage, by reset or in order, and nothing fails or stays counted", async () => {
    const gateway = await startGateway({ config: { maxUnanswered: 2, heartbeatMs: 250 } });
    const bob: ChatClient = await connectClient(gateway, "bob");
    const body = JSON.stringify({ to: "bob", content: "from one who left", ref: "left" });
    const authorization = `Authorization: Bearer ${await gateway.token("alice")}`;
    const text = `POST /send HTTP/1.1\r\nHost: a\r\n${authorization}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    for (const end of ["resetAndDestroy", "destroy", "end"] as const)
      for (let cut = 0; cut <= text.length; cut += 40) {
        const client = new RawClient(gateway.port);
        client.socket.write(text.slice(0, cut));
        if (cut % 80 === 0) await turn();
        client.socket[end]();
      }
    const whole = new RawClient(gateway.port);
    whole.socket.write(text);
    expect(await whole.status()).toBe(200);
    await bob.waitFor("message");
    await until(() => unansweredOf(gateway) === 0, "no unanswered request");
    await until(() => gateway.sockets.size <= 2, "the end of the sockets");
    expect(gateway.store.messages).toHaveLength(1);
    expect(gateway.events.filter(({ type }) => type === "failure")).toEqual([]);
  });
});

describe("a process that stops", () => {
  it("P62 P41: answers the requests that it has accepted, and refuses others with `draining`", async () => {
    const held = new HeldAppender();
    const gateway = await startGateway({ append: held.wrap, config: { heartbeatMs: 250 } });
    const accepted = post(gateway, { content: "accepted", ref: "1" });
    const body = JSON.stringify({ content: "still on its way", ref: "2" });
    const late = await begin(gateway, body.slice(0, 5), wholeBody(body));
    await until(() => held.contents.length === 1, "the call to the log");
    await until(() => unansweredOf(gateway) === 2, "two requests with valid tokens");
    let isDrained = false;
    const drained = gateway.core.drain().then(() => {
      isDrained = true;
    });
    const refused = await post(gateway, MESSAGE);
    expect([...codeOf(refused), refused.body.retryAfterMs, refused.headers.get("connection")]).toEqual([
      503,
      "draining",
      1_000,
      "close",
    ]);
    late.socket.write(body.slice(5));
    expect(await late.status()).toBe(503);
    expect((await late.head()).toLowerCase()).toContain("connection: close");
    expect(isDrained).toBe(false);
    held.open();
    expect((await accepted).status).toBe(200);
    await drained;
    expect(gateway.store.messages.map(({ content }) => content)).toEqual(["accepted"]);
  });
});
