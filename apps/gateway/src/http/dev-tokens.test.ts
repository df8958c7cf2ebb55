import { issueToken } from "@parley/auth";
import { createFrontSecret, FRONT_HEADER } from "@parley/service";
import { describe, expect, it } from "vitest";
import { RawClient } from "../test/raw-client.ts";
import { startGateway } from "../test/running-gateway.ts";

const SECRET = "a secret for development tokens, long enough";
const FRONT_SECRET = createFrontSecret();
const BODY = '{"username":"admin"}';

/** Asks for a development token with exactly these lines, and returns the status. */
async function statusOf(lines: readonly string[], version = "1.1"): Promise<number> {
  const gateway = await startGateway({
    issueToken: (user) => issueToken({ user, secret: SECRET }),
    frontSecret: FRONT_SECRET,
  });
  const client = new RawClient(gateway.port);
  const all = ["Content-Type: application/json", `Content-Length: ${BODY.length}`, ...lines];
  client.socket.write(`POST /auth/token HTTP/${version}\r\n${all.join("\r\n")}\r\n\r\n${BODY}`);
  const status = await client.status();
  if (status !== 200) expect(client.received.toString()).not.toContain("eyJ");
  return status;
}

const HOST = "Host: localhost:8080";

describe("development tokens behind a proxy", () => {
  it("P60: a program on this machine gets one", async () => {
    expect(await statusOf([HOST, "User-Agent: curl/8.5.0", "Accept: */*"])).toBe(200);
  });

  it.each([
    "X-Forwarded-For: 203.0.113.7",
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-For:",
    "X-Forwarded-Host: localhost",
    "Forwarded: for=127.0.0.1",
    "X-Real-IP: 127.0.0.1",
    "Via: 1.1 proxy",
    "CF-Connecting-IP: 203.0.113.7",
    "True-Client-IP: 203.0.113.7",
  ])("P60: a request with %j is refused, whoever it names", async (line) => {
    expect(await statusOf([HOST, line])).toBe(403);
  });

  it("P60: HTTP/1.0, in which nginx passes requests on by default, is refused", async () => {
    expect(await statusOf([HOST], "1.0")).toBe(403);
  });

  it.each([
    ["localhost.evil.com"],
    ["127.0.0.1.nip.io"],
    ["[::1%25x]"],
    ["localhost."],
    ["x@localhost"],
    ["localhost", "evil.example"],
  ])("P60: the Host %j is refused", async (...hosts) => {
    expect([400, 403]).toContain(await statusOf(hosts.map((host) => `Host: ${host}`)));
  });

  it("P60: only the front with the secret may pass requests on, and only with a loopback Host", async () => {
    const forwarded = "X-Forwarded-For: 127.0.0.1";
    expect(await statusOf([HOST, forwarded, `${FRONT_HEADER}: ${FRONT_SECRET}`])).toBe(200);
    expect(await statusOf([HOST, forwarded, `${FRONT_HEADER}: ${createFrontSecret()}`])).toBe(403);
    expect(await statusOf([HOST, forwarded, `${FRONT_HEADER}: undefined`])).toBe(403);
    expect(await statusOf(["Host: evil.example", `${FRONT_HEADER}: ${FRONT_SECRET}`])).toBe(403);
  });
});
