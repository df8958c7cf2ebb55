import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { createVerifier, issueToken } from "@parley/auth";
import { isUsername } from "@parley/models";
import { describe, expect, it } from "vitest";
import { RawClient } from "../test/raw-client.ts";
import { type RunningGateway, startGateway } from "../test/running-gateway.ts";

const SECRET = "a secret for development tokens, long enough";
const issue = (user: string) => issueToken({ user, secret: SECRET });

function ask(gateway: RunningGateway, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${gateway.url}${path}`, init);
}

function askToken(
  gateway: RunningGateway,
  body: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return ask(gateway, "/auth/token", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
}

const codeOf = async (response: Response) => [response.status, JSON.parse(await response.text()).code];

describe("development tokens", () => {
  it("P60: a username gets a token that verifies, with its expiry", async () => {
    const gateway = await startGateway({ issueToken: issue });
    const response = await askToken(gateway, '{"username":"alice"}', {
      "content-type": "Application/JSON; charset=utf-8",
    });
    expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const { token, expiresAt } = JSON.parse(await response.text());
    const identity = await createVerifier({ secrets: [SECRET], isUser: isUsername }).verify(token);
    expect([identity.user, identity.expiresAt]).toEqual(["alice", Date.parse(expiresAt)]);
    expect(JSON.stringify(gateway.events)).not.toContain(token);
  });

  it("P60: without an issuer the path answers 404", async () => {
    const gateway = await startGateway();
    expect(await codeOf(await askToken(gateway, '{"username":"alice"}'))).toEqual([404, "not_found"]);
  });

  it.each([
    ["a body that isn't JSON", "{", 400, "invalid_json"],
    ["no username", "{}", 400, "invalid_username"],
    ["null", "null", 400, "invalid_username"],
    ["an object as username", '{"username":{"$ne":1}}', 400, "invalid_username"],
    ["a bad username", '{"username":"a b"}', 400, "invalid_username"],
    ["a body of 2 KiB", `{"username":"${"a".repeat(2_048)}"}`, 413, "payload_too_large"],
  ])("P60: %s is refused", async (_name, body, status, code) => {
    const gateway = await startGateway({ issueToken: issue });
    expect(await codeOf(await askToken(gateway, body))).toEqual([status, code]);
  });

  it("P60: a client that disconnects in the middle of its request isn't reported as a failure", async () => {
    const gateway = await startGateway({ issueToken: issue });
    const head = "POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    const client = connect(gateway.port, "127.0.0.1");
    client.write(`${head}Content-Length: 100\r\n\r\n{`);
    const [req] = (await once(gateway.server, "request")) as [IncomingMessage];
    const closed = once(req, "close");
    client.destroy();
    await closed.catch(() => undefined);
    await ask(gateway, "/");
    expect(gateway.events.filter(({ type }) => type === "refused" || type === "failure")).toEqual([]);
  });

  it("P60: only POST is allowed, and only with JSON, which an HTML form can't send", async () => {
    const gateway = await startGateway({ issueToken: issue });
    const got = await ask(gateway, "/auth/token");
    expect([got.status, got.headers.get("allow")]).toEqual([405, "POST"]);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
      const response = await askToken(gateway, '{"username":"alice"}', { "content-type": type });
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
  ])("P60: a Host that isn't a loopback name is refused: %j", async (host) => {
    const gateway = await startGateway({ issueToken: issue });
    expect([400, 403]).toContain(await askTokenOf(gateway, host));
  });

  it.each(["localhost", "LOCALHOST:1", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080"])(
    "P60: %s is a loopback name",
    async (host) => {
      const gateway = await startGateway({ issueToken: issue });
      expect(await askTokenOf(gateway, host)).toBe(200);
    },
  );

  it("P60: a page of another origin is refused, unless the origin is allowed", async () => {
    const origin = "https://chat.example";
    const strict = await startGateway({ issueToken: issue });
    expect(await codeOf(await askToken(strict, '{"username":"alice"}', { origin }))).toEqual([
      403,
      "origin_not_allowed",
    ]);
    const open = await startGateway({ issueToken: issue, config: { allowedOrigins: [origin] } });
    const response = await askToken(open, '{"username":"alice"}', { origin });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
    const preflight = await ask(open, "/auth/token", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "POST"]);
  });

  it("G5: a body that is too long is refused before its end", async () => {
    const gateway = await startGateway({ issueToken: issue });
    const client = new RawClient(gateway.port);
    client.socket.write(
      "POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n",
    );
    client.socket.write("x".repeat(4_096));
    expect(await client.status()).toBe(413);
    expect((await client.head()).toLowerCase()).toContain("connection: close");
  });
});

describe("other requests", () => {
  it("/ lists the routes", async () => {
    const response = await ask(await startGateway(), "/");
    expect(response.headers.get("content-type")).toContain("text/plain");
    const text = await response.text();
    for (const path of ["/ws", "/auth/token", "/messages", "/sync"]) expect(text).toContain(path);
  });

  it("P55: an unknown path gets 404 and a wrong method 405 with Allow, as problem+json with a request id", async () => {
    const gateway = await startGateway();
    const unknown = await ask(gateway, "/messages/bob");
    expect(unknown.headers.get("content-type")).toBe("application/problem+json");
    expect(JSON.parse(await unknown.text())).toMatchObject({
      code: "not_found",
      requestId: expect.any(String),
    });
    for (const [path, method] of [
      ["/ws", "POST"],
      ["/", "DELETE"],
    ] as const) {
      const response = await ask(gateway, path, { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET"]);
    }
    expect((await ask(gateway, "/ws", { method: "HEAD" })).status).toBe(405);
  });

  it("P3: the event of a refusal has the same request id as the answer", async () => {
    const gateway = await startGateway();
    const { requestId } = JSON.parse(await (await ask(gateway, "/ws")).text());
    expect(gateway.events).toContainEqual({
      type: "refused",
      request: requestId,
      code: "token_missing",
      upgrade: false,
    });
  });
});

/** Asks for a token with any Host header, and returns the status. */
async function askTokenOf(gateway: RunningGateway, host: string): Promise<number> {
  const client = new RawClient(gateway.port);
  const body = '{"username":"alice"}';
  client.socket.write(
    `POST /auth/token HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return client.status();
}
