import type { Dice } from "./dice.ts";

/** Every path of every server, and some paths that no server has. */
export const PATHS = [
  "/",
  "/ws",
  "/send",
  "/auth/token",
  "/assets/x.js",
  "/messages",
  "/messages/bob",
  "/message/1752674400123-0000000000-00",
  "/sync",
  "/feed",
  "/conversations",
  "/docs",
  "/openapi.json",
  "/healthz",
  "/readyz",
  "/metrics",
  "/dead-letters",
  "/revocations",
  "/revocations/nobody",
  "/x",
  "/chat.js",
] as const;

const ODD_PATHS = [
  "/messages/%ff",
  "/messages/%00",
  "/message/%00",
  "/message/9999999999999-9999999999-00",
  "/revocations/%00",
  "/messages/..%2f..%2fetc%2fpasswd",
  "/%",
  "//",
  "*",
  "http://a/ws",
  "/assets/%2e%2e/%2e%2e/package.json",
  `/${"x".repeat(5_000)}`,
] as const;
const QUERIES = [
  "",
  "",
  "",
  "?limit=2",
  "?limit=x",
  "?after=%00",
  "?limit=1&limit=2",
  "?wait=1",
  "?after=9999999999999-9999999999-00&wait=1",
  "?since=2025-07-16T00:00:00Z&until=2100-01-01T00:00:00Z",
  "?ref=r",
  "?ref=%00",
  "?only=tokens",
  "?as=alice",
  "?#",
] as const;
const METHODS = [
  "GET",
  "GET",
  "GET",
  "GET",
  "HEAD",
  "POST",
  "OPTIONS",
  "CONNECT",
  "DELETE",
  "PATCH",
  "PRI",
  "get",
  "",
] as const;
const VERSIONS = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9", ""] as const;

const HEADERS = [
  "Connection: keep-alive",
  "Connection: close",
  "Accept: text/html",
  "Accept-Encoding: gzip",
  "Origin: http://evil.example",
  "Origin: null",
  "Origin: a",
  "Expect: 100-continue",
  "Expect: miracles",
  "If-None-Match: *",
  "Range: bytes=0-1",
  "X-Forwarded-For: 1.2.3.4, ,%",
  "Access-Control-Request-Method: GET",
  "Content-Type: application/json",
  "Trailer: x",
  "__proto__: x",
  "a b: c",
  "é: é",
] as const;

const UPGRADE_HEADERS = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
] as const;

const BODIES = [
  ["Content-Length: 20", '{"username":"alice"}'],
  ["Content-Type: application/json\r\nContent-Length: 25", '{"content":"x","ref":"r"}'],
  ["Content-Type: application/json\r\nContent-Length: 17", '{"user":"nobody"}'],
  ["Content-Type: application/json\r\nContent-Length: 8192", "[".repeat(8_192)],
  ["Content-Type: application/json\r\nTransfer-Encoding: chunked", "1\r\n[\r\n".repeat(400)],
  ["Content-Length: 5", "too long for its length"],
  ["Content-Length: 4000000000", "short"],
  ["Content-Length: -1", ""],
  ["Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"],
  ["Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"],
  ["Transfer-Encoding: chunked", "zz\r\n"],
  ["Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n"],
] as const;

/** Returns the text of a valid upgrade request. */
export function handshake(path: string, authorization: readonly string[]): string {
  return requestText(`GET ${path} HTTP/1.1`, ["Host: a", ...UPGRADE_HEADERS, ...authorization]);
}

/** Returns the text of a random request. It may be invalid. */
export function randomRequest(dice: Dice, token: string): string {
  const path = dice.once(6) ? dice.pick(ODD_PATHS) : dice.pick(PATHS);
  const version = dice.once(8) ? dice.pick(VERSIONS) : "HTTP/1.1";
  const method = dice.once(3) ? dice.pick(METHODS) : "GET";
  const headers = dice.once(20) ? [] : ["Host: localhost"];
  if (!dice.once(4)) headers.push(authorization(dice, token));
  if (dice.once(3)) headers.push(...(dice.once(3) ? dice.some(UPGRADE_HEADERS) : UPGRADE_HEADERS));
  if (dice.once(3)) headers.push(dice.pick(HEADERS), dice.pick(HEADERS));
  if (!dice.once(5)) return requestText(`${method} ${path}${dice.pick(QUERIES)} ${version}`, headers);
  const [header, body] = dice.pick(BODIES);
  return requestText(`${method} ${path} ${version}`, [...headers, header]) + body;
}

/** Returns a header with a token. Sometimes the token is invalid. */
export function authorization(dice: Dice, token: string): string {
  const given = dice.once(4) ? dice.pick([`${token}x`, "a.b.c", "", "x".repeat(3_000), "e30.e30."]) : token;
  return dice.pick([
    `Authorization: Bearer ${given}`,
    `Authorization: bearer  ${given}`,
    `Sec-WebSocket-Protocol: chat.v1, bearer.${given}`,
    `Sec-WebSocket-Protocol: Bearer, ${given}`,
    `Sec-WebSocket-Protocol: Bearer ${given}`,
  ]);
}

function requestText(line: string, headers: readonly string[]): string {
  return `${[line, ...headers].join("\r\n")}\r\n\r\n`;
}
