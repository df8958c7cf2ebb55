import { until } from "@parley/async";
import type { Identity } from "@parley/auth";
import { ChatError, formatId } from "@parley/models";
import { describe, expect, it } from "vitest";
import { Chatter, chatter } from "../test/chat-client.ts";
import { clientFrame, RawClient } from "../test/raw-client.ts";
import { type House, openHouse } from "../test/running-gateway.ts";

/** Ids beyond those that the log in memory gives out. */
const _at = (n: number) => formatId({ ms: 9_000_000_000_000 + n, seq: 0 });
const urlOf = (house: House) => `ws://127.0.0.1:${house.port}/ws`;

/** The same request as an upgrade and as a plain GET: both must be answered alike (P3). */
async function bothWays(house: House, headers: Record<string, string>) {
  const upgrade = new Chatter(urlOf(house), [], headers);
  const refused = await until(() => upgrade.refused, "a refusal");
  const plain = await fetch(`http://127.0.0.1:${house.port}/ws`, { headers });
  return {
    upgrade: refused,
    plain,
    plainBody: JSON.parse(await plain.text()),
    upgradeBody: JSON.parse(refused.body),
  };
}

describe("handshakes that go wrong", () => {
  it("P1: what a client says before it is answered is not lost", async () => {
    const house = await openHouse();
    const bob = await chatter(house, "bob");
    const eager = new RawClient(house.port);
    eager.upgrade({ Authorization: `Bearer ${await house.token("alice")}` });
    for (const content of ["1", "2", "3"]) {
      eager.socket.write(clientFrame(JSON.stringify({ content })));
      await new Promise(setImmediate);
    }
    await bob.get("message", 3);
    expect(bob.contents()).toEqual(["1", "2", "3"]);
  });

  it("P3: one that was refused at the last moment gives its place back", async () => {
    let joins = 0;
    const none = Number.POSITIVE_INFINITY;
    const house = await openHouse({
      config: { connections: { total: 1, perUser: none, perAddress: none } },
      live: (live) => ({
        ...{ leave: (user) => live.leave(user), problem: () => undefined },
        join: (user) => {
          joins += 1;
          return joins === 1 ? Promise.reject(new ChatError("unavailable")) : live.join(user);
        },
      }),
    });
    const { upgrade } = await bothWays(house, { authorization: `Bearer ${await house.token("alice")}` });
    expect(upgrade.status).toBe(503);
    const unfit = new RawClient(house.port);
    unfit.upgrade({ Authorization: `Bearer ${await house.token("alice")}`, "Sec-WebSocket-Key": "short" });
    expect(await unfit.status()).toBe(400);
    await chatter(house, "alice");
  });

  it("P3: another path, and what is no WebSocket handshake, are answered in HTTP", async () => {
    const house = await openHouse();
    const elsewhere = new RawClient(house.port);
    elsewhere.socket.write(
      "GET /elsewhere HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    );
    expect(await elsewhere.status()).toBe(404);
    for (const wrong of [{ "Sec-WebSocket-Key": "short" }, { "Sec-WebSocket-Version": "7" }]) {
      const client = new RawClient(house.port);
      client.upgrade({ Authorization: `Bearer ${await house.token("alice")}`, ...wrong });
      expect(await client.status()).toBe(400);
      expect(await client.head()).toContain("application/problem+json");
      await until(() => client.ended, "the end of the socket");
    }
    await chatter(house, "alice");
  });

  it("P3: an upgrade to another protocol is not upgraded to, but answered", async () => {
    const house = await openHouse();
    const client = new RawClient(house.port);
    client.socket.write("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n");
    expect(await client.status()).toBe(200);
  });

  it("G5: one that takes too long is refused, and its place given back", async () => {
    const never = new Promise<Identity>(() => undefined);
    const house = await openHouse({
      config: { handshakeTimeoutMs: 50 },
      verifier: { problem: () => undefined, verify: () => never },
    });
    const { upgrade } = await (async () => {
      const client = new Chatter(urlOf(house), [], { authorization: "Bearer x" });
      return { upgrade: await until(() => client.refused, "a refusal") };
    })();
    expect(upgrade.status).toBe(503);
  });

  it("G5: a client that is gone before its token was verified leaves nothing behind", async () => {
    let verified: (identity: Identity) => void = () => undefined;
    let asked = 0;
    const joined: string[] = [];
    const none = Number.POSITIVE_INFINITY;
    const house = await openHouse({
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
      live: (live) => ({
        ...{ leave: (user) => live.leave(user), problem: () => undefined },
        join: (user) => {
          joined.push(user);
          return live.join(user);
        },
      }),
    });
    const gone = new RawClient(house.port);
    gone.upgrade({ Authorization: "Bearer x" });
    await until(() => asked === 1, "the verifier to be asked");
    gone.socket.resetAndDestroy();
    await until(() => house.sockets.size === 0, "the server to notice");
    verified({ user: "alice", scopes: new Set(), expiresAt: Date.now() + 60_000 });
    const next = new Chatter(urlOf(house), ["chat.v1"], { authorization: "Bearer x" });
    await until(() => asked === 2, "the verifier to be asked again");
    verified({ user: "bob", scopes: new Set(), expiresAt: Date.now() + 60_000 });
    await next.get("ready");
    expect(joined).toEqual(["bob"]);
    next.ws.terminate();
  });

  it("G5: errors of a socket that is not upgraded yet stop nobody", async () => {
    const house = await openHouse();
    for (let i = 0; i < 50; i++) {
      const client = new RawClient(house.port);
      client.upgrade({ Authorization: "Bearer rubbish" });
      client.socket.write("x".repeat(100));
      client.socket.resetAndDestroy();
    }
    await chatter(house, "alice");
  });

  it("G5: headers of 100 KB are refused by the HTTP server, and the next client is served", async () => {
    const house = await openHouse();
    const client = new RawClient(house.port);
    client.upgrade({ Cookie: "x".repeat(100_000) });
    expect(await client.status()).toBe(431);
    await chatter(house, "alice");
  });
});
