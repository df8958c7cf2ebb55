import { Socket } from "node:net";
import { until } from "@parley/async";
import type { Identity } from "@parley/auth";
import { ChatError } from "@parley/models";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { requestBothWays } from "../test/both-ways.ts";
import { ChatClient, connectClient } from "../test/chat-client.ts";
import { clientFrame, RawClient } from "../test/raw-client.ts";
import { startGateway, withJoin } from "../test/running-gateway.ts";

describe("the handshake", () => {
  it("P1: keeps frames that a client sends before the answer", async () => {
    const gateway = await startGateway();
    const bob = await connectClient(gateway, "bob");
    const client = new RawClient(gateway.port);
    client.upgrade({ Authorization: `Bearer ${await gateway.token("alice")}` });
    for (const content of ["1", "2", "3"]) {
      client.socket.write(clientFrame(JSON.stringify({ content })));
      await new Promise(setImmediate);
    }
    await bob.waitFor("message", 3);
    expect(bob.contents()).toEqual(["1", "2", "3"]);
  });

  it("P5: answers and sends `ready` in one write", async () => {
    const gateway = await startGateway();
    const writes = vi.spyOn(Socket.prototype, "_writev");
    onTestFinished(() => writes.mockRestore());
    await connectClient(gateway, "alice");
    const texts = writes.mock.calls.map(([chunks]) => chunks.map(({ chunk }) => `${chunk}`).join(""));
    expect(texts).toEqual([
      expect.stringMatching(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n..\{"type":"ready","user":"alice"/),
    ]);
  });

  it("P3: releases its place if it is refused in a late step", async () => {
    let joins = 0;
    const none = Number.POSITIVE_INFINITY;
    const gateway = await startGateway({
      config: { connections: { total: 1, perUser: none, perAddress: none } },
      live: (live) =>
        withJoin(live, (user) => {
          joins += 1;
          return joins === 1 ? Promise.reject(new ChatError("unavailable")) : live.join(user);
        }),
    });
    const { upgrade } = await requestBothWays(gateway, {
      authorization: `Bearer ${await gateway.token("alice")}`,
    });
    expect(upgrade.status).toBe(503);
    const invalid = new RawClient(gateway.port);
    invalid.upgrade({
      Authorization: `Bearer ${await gateway.token("alice")}`,
      "Sec-WebSocket-Key": "short",
    });
    expect(await invalid.status()).toBe(400);
    await connectClient(gateway, "alice");
  });

  it("P3: answers another path, and an invalid WebSocket handshake, in HTTP", async () => {
    const gateway = await startGateway();
    const elsewhere = new RawClient(gateway.port);
    elsewhere.socket.write(
      "GET /elsewhere HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    );
    expect(await elsewhere.status()).toBe(404);
    for (const wrong of [{ "Sec-WebSocket-Key": "short" }, { "Sec-WebSocket-Version": "7" }]) {
      const client = new RawClient(gateway.port);
      client.upgrade({ Authorization: `Bearer ${await gateway.token("alice")}`, ...wrong });
      expect(await client.status()).toBe(400);
      expect(await client.head()).toContain("application/problem+json");
      await until(() => client.ended, "the end of the socket");
    }
    await connectClient(gateway, "alice");
  });

  it("P3: answers an upgrade to another protocol without upgrading", async () => {
    const gateway = await startGateway();
    const client = new RawClient(gateway.port);
    client.socket.write("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n");
    expect(await client.status()).toBe(200);
  });

  it("G5: is refused if it takes too long", async () => {
    const never = new Promise<Identity>(() => undefined);
    const gateway = await startGateway({
      config: { handshakeTimeoutMs: 50 },
      verifier: { problem: () => undefined, verify: () => never },
    });
    const { upgrade } = await (async () => {
      const client = new ChatClient(gateway.wsUrl, [], { authorization: "Bearer x" });
      return { upgrade: await until(() => client.refused, "a refusal") };
    })();
    expect(upgrade.status).toBe(503);
  });

  it("G5: takes no place and no subscription for a client that disconnects before its token is verified", async () => {
    let verified: (identity: Identity) => void = () => undefined;
    let asked = 0;
    const joined: string[] = [];
    const none = Number.POSITIVE_INFINITY;
    const gateway = await startGateway({
      config: { connections: { total: 1, perUser: none, perAddress: none } },
      verifier: {
        problem: () => undefined,
        verify: () => {
          asked += 1;
          return new Promise((resolve) => {
            verified = resolve;
          });
        },
      },
      live: (live) =>
        withJoin(live, (user) => {
          joined.push(user);
          return live.join(user);
        }),
    });
    const closed = new RawClient(gateway.port);
    closed.upgrade({ Authorization: "Bearer x" });
    await until(() => asked === 1, "the verifier to be asked");
    closed.socket.resetAndDestroy();
    await until(() => gateway.sockets.size === 0, "the server to notice");
    verified({ user: "alice", scopes: new Set(), issuedAt: 0, expiresAt: Date.now() + 60_000 });
    const next = new ChatClient(gateway.wsUrl, ["chat.v1"], { authorization: "Bearer x" });
    await until(() => asked === 2, "the verifier to be asked again");
    verified({ user: "bob", scopes: new Set(), issuedAt: 0, expiresAt: Date.now() + 60_000 });
    await next.waitFor("ready");
    expect(joined).toEqual(["bob"]);
    next.ws.terminate();
  });

  it("G5: survives errors of sockets that aren't upgraded yet", async () => {
    const gateway = await startGateway();
    for (let i = 0; i < 50; i++) {
      const client = new RawClient(gateway.port);
      client.upgrade({ Authorization: "Bearer garbage" });
      client.socket.write("x".repeat(100));
      client.socket.resetAndDestroy();
    }
    await connectClient(gateway, "alice");
  });

  it("G5: with headers of 100 KB is refused by the HTTP server, and the next client is served", async () => {
    const gateway = await startGateway();
    const client = new RawClient(gateway.port);
    client.upgrade({ Cookie: "x".repeat(100_000) });
    expect(await client.status()).toBe(431);
    await connectClient(gateway, "alice");
  });
});
