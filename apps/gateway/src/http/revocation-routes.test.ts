import { createServer } from "node:http";
import { createVerifier, issueToken, withRevocations } from "@parley/auth";
import { MemoryBus } from "@parley/bus/memory";
import { isUsername, ORIGIN } from "@parley/models";
import { closeServer, listen } from "@parley/service";
import { describe, expect, it, onTestFinished } from "vitest";
import type { GatewayEvent } from "../events.ts";
import { revocationRoutes } from "./revocation-routes.ts";

const SECRET = "a secret for tests that is long enough";
const NOW = Date.parse("2025-07-16T14:00:00Z");
const LATER = "9999-07-16T14:00:00.000Z";

async function start() {
  const revocations = new MemoryBus({ lastStored: ORIGIN }).revocations();
  const verifier = withRevocations(createVerifier({ secrets: [SECRET], isUser: isUsername }), revocations);
  const events: GatewayEvent[] = [];
  const handle = revocationRoutes({
    revocations,
    verifier,
    observe: (event) => events.push(event),
    now: () => NOW,
  });
  const server = createServer((req, res) => handle(req, res, () => res.writeHead(418).end("{}")));
  const { url } = await listen(server, { port: 0, host: "127.0.0.1" });
  onTestFinished(() => closeServer(server, 0));
  const request = async (method: string, path: string, body?: unknown, scopes = ["ops"]) => {
    const { token } = await issueToken({ user: "olga", secret: SECRET, scopes });
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(scopes.length > 0 && { authorization: `Bearer ${token}` }),
        "content-type": "application/json",
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
  return { revocations, events, request };
}

describe("the routes for revocations", () => {
  it("P65: revokes, blocks, lists and ends, and tells who did it", async () => {
    const { request, events } = await start();
    expect(await request("POST", "/revocations", { user: "bob" })).toEqual({
      status: 200,
      body: { user: "bob", issuedBefore: "2025-07-16T14:00:00.000Z" },
    });
    expect(await request("POST", "/revocations", { user: "bob", until: LATER })).toEqual({
      status: 200,
      body: { user: "bob", issuedBefore: "2025-07-16T14:00:00.000Z", until: LATER },
    });
    const issuedBefore = "2025-07-16T15:30:00+02:00";
    expect((await request("POST", "/revocations", { user: "josé", issuedBefore })).body).toEqual({
      user: "josé",
      issuedBefore: "2025-07-16T13:30:00.000Z",
    });
    expect(
      (await request("GET", "/revocations")).body.revocations.map(({ user }: { user: string }) => user),
    ).toEqual(["bob", "josé"]);
    expect((await request("DELETE", "/revocations/bob?only=block")).body).toEqual({
      user: "bob",
      issuedBefore: "2025-07-16T14:00:00.000Z",
    });
    expect((await request("DELETE", `/revocations/${encodeURIComponent("josé")}`)).body).toEqual({
      user: "josé",
    });
    expect(events.map(({ type }) => type)).toEqual([
      "revoked",
      "revoked",
      "revoked",
      "allowed-again",
      "allowed-again",
    ]);
    expect(events[0]).toEqual({ type: "revoked", by: "olga", user: "bob", issuedBefore: NOW });
  });

  it("P65: refuses what isn't valid, and whoever isn't an operator, and passes other paths on", async () => {
    const { request, revocations } = await start();
    const refusals = [
      ["POST", "/revocations", "{", 400, "invalid_json"],
      ["POST", "/revocations", { user: "a b" }, 400, "invalid_username"],
      ["POST", "/revocations", { user: "bob", issuedBefore: LATER }, 400, "invalid_parameter"],
      ["POST", "/revocations", { user: "bob", until: "2025-07-16T13:59:59Z" }, 400, "invalid_parameter"],
      ["POST", "/revocations", { user: "bob", until: 7 }, 400, "invalid_parameter"],
      ["POST", "/revocations", { user: "bob", untill: LATER }, 400, "invalid_parameter"],
      ["POST", "/revocations", "x".repeat(5_000), 413, "payload_too_large"],
      ["DELETE", "/revocations/bob?only=all", undefined, 400, "invalid_parameter"],
      ["DELETE", "/revocations/%ff", undefined, 400, "invalid_username"],
      ["DELETE", "/revocations", undefined, 405, "method_not_allowed"],
    ] as const;
    for (const [method, path, body, status, code] of refusals)
      expect(await request(method, path, body), `${method} ${path}`).toMatchObject({
        status,
        body: { code },
      });
    expect((await request("GET", "/revocations", undefined, ["history:read"])).body.code).toBe("forbidden");
    expect((await request("GET", "/revocations", undefined, [])).body.code).toBe("token_missing");
    expect((await request("GET", "/readyz")).status).toBe(418);
    await revocations.revoke({ user: "olga", until: Date.now() + 60_000 });
    expect((await request("GET", "/revocations")).body.code).toBe("user_blocked");
  });
});
