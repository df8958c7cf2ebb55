import { until } from "@parley/async";
import { formatId } from "@parley/models";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readSeqs, startWithEightMessages } from "../test/eight-messages.ts";
import { type RunningApi, tokenOf } from "../test/running-api.ts";

let server: RunningApi;

beforeAll(async () => {
  server = await startWithEightMessages();
});
afterAll(() => server.stop());

describe("refused requests", () => {
  it.each([
    ["no token", { user: "" }, "token_missing"],
    ["a bad token", { user: "", headers: { authorization: "Bearer rubbish" } }, "unauthorized"],
    ["another scheme", { user: "", headers: { authorization: "Basic YTpi" } }, "unauthorized"],
  ])("P55: %s", async (_, options, code) => {
    for (const path of ["/messages/bob", "/messages", "/sync"]) {
      const answer = await server.request(path, options);
      expect(answer).toMatchObject({ status: 401, type: "application/problem+json", body: { code } });
      expect(answer.headers.get("www-authenticate")).toContain("Bearer");
    }
  });

  it("P65: every request of a revoked token or a blocked user is refused, until that ends", async () => {
    const { revocations } = server;
    await revocations.revoke({ user: "alice", issuedBefore: Date.now() + 1_000 });
    for (const path of ["/messages/bob", "/messages", "/sync", "/conversations"])
      expect(await server.request(path)).toMatchObject({ status: 401, body: { code: "token_revoked" } });
    await revocations.revoke({ user: "alice", until: Date.now() + 60_000 });
    for (const path of ["/messages/bob", "/messages", "/sync", "/conversations"])
      expect(await server.request(path)).toMatchObject({ status: 403, body: { code: "user_blocked" } });
    const change = await server.request("/message/1?ref=1", { method: "DELETE" });
    expect(change).toMatchObject({ status: 403, body: { code: "user_blocked" } });
    await revocations.allow("alice", ["tokens", "user"]);
    expect((await server.request("/messages/bob")).status).toBe(200);
  });

  it("P65: an edit whose token is revoked before its body has come is refused", async () => {
    const { revocations, url } = server;
    const judged = vi.spyOn(revocations, "of");
    const id = formatId({ ms: 1, seq: 1 });
    async function* bytes() {
      yield Buffer.from('{"content":"x"');
      await until(() => judged.mock.calls.length > 0, "the token was judged");
      await revocations.revoke({ user: "alice", issuedBefore: Date.now() + 1_000 });
      yield Buffer.from(',"ref":"1"}');
    }
    const headers = {
      authorization: `Bearer ${await tokenOf("alice")}`,
      "content-type": "application/json",
    };
    const body = ReadableStream.from(bytes());
    const edit = await fetch(`${url}/message/${id}`, { method: "PATCH", headers, body, duplex: "half" });
    expect(await edit.json()).toMatchObject({ status: 401, code: "token_revoked" });
    judged.mockRestore();
    await revocations.allow("alice", ["tokens"]);
  });

  it("P55: ignores a token in the URL", async () => {
    const token = await tokenOf("alice");
    const answer = await server.request(`/messages/bob?token=${token}&access_token=${token}`, { user: "" });
    expect(answer).toMatchObject({ status: 401, body: { code: "token_missing" } });
  });

  it.each([
    ["/messages/bob?limit=0", "invalid_parameter"],
    ["/messages/bob?limit=1001", "invalid_parameter"],
    ["/messages/bob?limit=-1", "invalid_parameter"],
    ["/messages/bob?limit=1e2", "invalid_parameter"],
    ["/messages/bob?limit=", "invalid_parameter"],
    ["/messages/bob?limit=2&limit=2", "invalid_parameter"],
    ["/messages/bob?limit[$ne]=1", "invalid_parameter"],
    ["/messages/bob?x[$ne]=1", "invalid_parameter"],
    ["/messages/bob?__proto__[limit]=1", "invalid_parameter"],
    ["/messages/bob?limit%5B%24ne%5D=1", "invalid_parameter"],
    ["/messages/bob?limit[]=1", "invalid_parameter"],
    ["/messages/bob?before=yesterday", "invalid_parameter"],
    ["/messages/bob?before=", "invalid_parameter"],
    ["/messages/bob?after[$gt]=", "invalid_parameter"],
    ["/messages?after=0", "invalid_parameter"],
    ["/sync?after=latest", "invalid_parameter"],
    ["/sync?after=a&after=b", "invalid_parameter"],
    ["/sync?limit=5000", "invalid_parameter"],
    ["/sync?as=a%20b", "invalid_username"],
    ["/sync?as=", "invalid_username"],
    ["/messages/a%20b", "invalid_username"],
    ["/messages/a%2Fb", "invalid_username"],
    ["/messages/%00", "invalid_username"],
    ["/messages/%ff", "invalid_username"],
    ["/messages/%", "invalid_username"],
    [`/messages/${"x".repeat(65)}`, "invalid_username"],
    [`/messages/${encodeURIComponent("Ame\u0301lie")}`, "invalid_username"],
  ])("P55: %s is 400", async (path, code) => {
    const { status, type, body } = await server.request(path);
    expect({ status, type, code: body.code }).toEqual({
      status: 400,
      type: "application/problem+json",
      code,
    });
  });

  it("P55: ignores unknown parameters", async () => {
    expect(await readSeqs(server, "/messages/bob?limit=2&utm=1&x=1&x=2&constructor=1&__proto__=1")).toEqual([
      7, 8,
    ]);
  });

  it.each(["x[$ne]=1", "x%5B%24ne%5D=1", "__proto__[limit]=1", "a]=1"])(
    "P55: answers 400 to a parameter written as an object, whatever its name: %s",
    async (query) => {
      expect(await server.request(`/messages/bob?${query}`)).toMatchObject({
        status: 400,
        body: { code: "invalid_parameter" },
      });
    },
  );

  it.each(["/nothing", "/messages/bob/more", "/Messages", "/messages/", "/sync/"])(
    "P55: %s is 404",
    async (path) => {
      expect(await server.request(path)).toMatchObject({ status: 404, body: { code: "not_found" } });
    },
  );

  it.each(["POST", "PUT", "PATCH", "DELETE"])("P55: %s gets 405 and the allowed methods", async (method) => {
    for (const path of ["/messages/bob", "/messages", "/sync", "/"]) {
      const answer = await server.request(path, { method });
      expect(answer).toMatchObject({ status: 405, body: { code: "method_not_allowed" } });
      expect(answer.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
    }
  });

  it("P55: a body gets 413, a URL that is too long gets 414", async () => {
    // Of this body more is to come.
    const body = new ReadableStream({ start: (stream) => stream.enqueue(Buffer.alloc(2_000, "x")) });
    const response = await fetch(`${server.url}/messages`, { method: "POST", body, duplex: "half" });
    expect([response.status, response.headers.get("connection")]).toEqual([413, "close"]);
    expect(await response.json()).toMatchObject({ code: "payload_too_large" });
    expect(await server.request(`/sync?x=${"x".repeat(5_000)}`)).toMatchObject({
      status: 414,
      body: { code: "uri_too_long" },
    });
  });
});

describe("other methods and paths", () => {
  it("HEAD returns the headers of GET and no body", async () => {
    const page = await server.request("/messages/bob?limit=2", { method: "HEAD" });
    expect(page).toMatchObject({ status: 200, type: "application/json", body: undefined });
    expect(page.headers.get("link")).toContain('rel="prev"');
    expect(await server.request("/messages/bob", { method: "HEAD" })).toMatchObject({ status: 200 });
    expect(await server.request("/messages/bob", { method: "HEAD", user: "" })).toMatchObject({
      status: 401,
    });
  });

  it("a page of the same origin may request history and read the links; a page of another origin may not", async () => {
    const own = await server.request("/messages/bob?limit=2", { headers: { origin: server.url } });
    expect(own.headers.get("access-control-allow-origin")).toBe(server.url);
    expect(own.headers.get("access-control-expose-headers")).toContain("Link");
    const origin = "https://elsewhere.example";
    const other = await server.request("/sync", { headers: { origin } });
    expect(other).toMatchObject({
      status: 403,
      body: { code: "origin_not_allowed", detail: expect.stringContaining(origin) },
    });
    expect(other.headers.get("access-control-allow-origin")).toBe(origin);
  });

  it("a preflight request needs no token", async () => {
    const response = await server.fetch("/messages/bob", {
      user: "",
      method: "OPTIONS",
      headers: { origin: server.url, "access-control-request-method": "GET" },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-headers")).toContain("Authorization");
    expect(response.headers.get("access-control-allow-methods")).toContain("GET");
  });

  it("/ lists the public routes as plain text", async () => {
    const response = await server.fetch("/", { user: "" });
    expect(response.headers.get("content-type")).toContain("text/plain");
    const text = await response.text();
    expect(text).toContain("/messages");
    expect(text).toContain("/sync");
  });
});
