import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { createVerifier, issueToken } from "@parley/auth";
import { isUsername } from "@parley/models";
import { describe, expect, it } from "vitest";
import { RawClient } from "../test/raw-client.ts";
import { type House, openHouse } from "../test/running-gateway.ts";

const SECRET = "another secret, for first tries, of enough bytes";
const issue = (user: string) => issueToken({ user, secret: SECRET });

function ask(house: House, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${house.port}${path}`, init);
}

function askToken(house: House, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return ask(house, "/auth/token", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
}

const codeOf = async (response: Response) => [response.status, JSON.parse(await response.text()).code];

describe("tokens for a first try", () => {
  it("P60: a username gets a token that verifies, and its end", async () => {
    const house = await openHouse({ issueToken: issue });
    const response = await askToken(house, '{"username":"alice"}', {
      "content-type": "Application/JSON; charset=utf-8",
    });
    expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const { token, expiresAt } = JSON.parse(await response.text());
    const identity = await createVerifier({ secrets: [SECRET], isUser: isUsername }).verify(token);
    expect([identity.user, identity.expiresAt]).toEqual(["alice", Date.parse(expiresAt)]);
    expect(JSON.stringify(house.events)).not.toContain(token);
  });

  it("P60: elsewhere there is nothing", async () => {
    const house = await openHouse();
    expect(await codeOf(await askToken(house, '{"username":"alice"}'))).toEqual([404, "not_found"]);
  });

  it.each([
    ["no JSON", "{", 400, "invalid_json"],
    ["no username", "{}", 400, "invalid_username"],
    ["null", "null", 400, "invalid_username"],
    ["an object as username", '{"username":{"$ne":1}}', 400, "invalid_username"],
    ["a bad username", '{"username":"a b"}', 400, "invalid_username"],
    ["a body of 2 KiB", `{"username":"${"a".repeat(2_048)}"}`, 413, "payload_too_large"],
  ])("P60: %s is refused", async (_name, body, status, code) => {
    const house = await openHouse({ issueToken: issue });
    expect(await codeOf(await askToken(house, body))).toEqual([status, code]);
  });

  it("P60: a client that goes in the middle of its request is no failure", async () => {
    const house = await openHouse({ issueToken: issue });
    const head = "POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    const client = connect(house.port, "127.0.0.1");
    client.write(`${head}Content-Length: 100\r\n\r\n{`);
    const [req] = (await once(house.server, "request")) as [IncomingMessage];
    const gone = once(req, "close");
    client.destroy();
    await gone.catch(() => undefined);
    await ask(house, "/");
    expect(house.events).toEqual([]);
  });

  it("P60: only POST, and only JSON, which no form of a page can send", async () => {
    const house = await openHouse({ issueToken: issue });
    const got = await ask(house, "/auth/token");
    expect([got.status, got.headers.get("allow")]).toEqual([405, "POST"]);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
      const response = await askToken(house, '{"username":"alice"}', { "content-type": type });
      expect(await codeOf(response)).toEqual([415, "unsupported_media_type"]);
    }
  });

  it.each([
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:80",
    "192.168.1.5",
    "[::2]",
    "",
    "[",
    "a b",
  ])("P60: a name that leads here but is not this machine's own is refused: %j", async (host) => {
    const house = await openHouse({ issueToken: issue });
    expect([400, 403]).toContain(await rawToken(house, host));
  });

  it.each(["localhost", "LOCALHOST:1", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080"])(
    "P60: %s is this machine",
    async (host) => {
      const house = await openHouse({ issueToken: issue });
      expect(await rawToken(house, host)).toBe(200);
    },
  );

  it("P60: a page of another origin is refused, unless it is allowed", async () => {
    const origin = "https://chat.example";
    const strict = await openHouse({ issueToken: issue });
    expect(await codeOf(await askToken(strict, '{"username":"alice"}', { origin }))).toEqual([
      403,
      "origin_not_allowed",
    ]);
    const open = await openHouse({ issueToken: issue, config: { allowedOrigins: [origin] } });
    const response = await askToken(open, '{"username":"alice"}', { origin });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
    const preflight = await ask(open, "/auth/token", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "POST"]);
  });

  it("G5: a body that is too long is not waited for", async () => {
    const house = await openHouse({ issueToken: issue });
    const client = new RawClient(house.port);
    client.socket.write(
      "POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n",
    );
    client.socket.write("x".repeat(4_096));
    expect(await client.status()).toBe(413);
    expect((await client.head()).toLowerCase()).toContain("connection: close");
  });
});

describe("other requests", () => {
  it("/ says what is served where", async () => {
    const response = await ask(await openHouse(), "/");
    expect(response.headers.get("content-type")).toContain("text/plain");
    const text = await response.text();
    for (const path of ["/ws", "/auth/token", "/messages", "/sync"]) expect(text).toContain(path);
  });

  it("P55: an unknown path is 404, another method 405 with Allow, as problem+json with a request id", async () => {
    const house = await openHouse();
    const unknown = await ask(house, "/messages/bob");
    expect(unknown.headers.get("content-type")).toBe("application/problem+json");
    expect(JSON.parse(await unknown.text())).toMatchObject({
      code: "not_found",
      requestId: expect.any(String),
    });
    for (const [path, method] of [
      ["/ws", "POST"],
      ["/", "DELETE"],
    ] as const) {
      const response = await ask(house, path, { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET"]);
    }
    expect((await ask(house, "/ws", { method: "HEAD" })).status).toBe(405);
  });

  it("P3: what an event says of a refusal carries the id that the client was told", async () => {
    const house = await openHouse();
    const { requestId } = JSON.parse(await (await ask(house, "/ws")).text());
    expect(house.events).toContainEqual({
      type: "refused",
      request: requestId,
      code: "token_missing",
      upgrade: false,
    });
  });
});

async function rawToken(house: House, host: string): Promise<number> {
  const client = new RawClient(house.port);
  const body = '{"username":"alice"}';
  client.socket.write(
    `POST /auth/token HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return client.status();
}
