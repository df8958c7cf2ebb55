import { createVerifier, issueToken, type TokenSource } from "@parley/auth";
import { isUsername } from "@parley/models";
import { TrustedProxies } from "@parley/service";
import { describe, expect, it } from "vitest";
import { ChatClient, connectClient } from "../test/chat-client.ts";
import { RawClient } from "../test/raw-client.ts";
import { startGateway } from "../test/running-gateway.ts";

const SECRET = "a secret for tests that is long enough";

/** A gateway behind a trusted proxy at 127.0.0.1, and the address or user that each verification was counted for. */
async function startBehindProxy() {
  const shares: (string | undefined)[] = [];
  const real = createVerifier({ secrets: [SECRET], isUser: isUsername });
  const verifier = {
    problem: () => undefined,
    verify(token: string | undefined, source?: TokenSource) {
      shares.push(source?.share);
      return real.verify(token, source);
    },
  };
  const trustedProxies = TrustedProxies.parse("127.0.0.1") ?? TrustedProxies.none;
  const gateway = await startGateway({ verifier, config: { trustedProxies } });
  return { gateway, shares };
}

describe("the share of a verification", () => {
  it("G5: is that of the forwarded address, an IPv6 network of 64 bits, or the peer", async () => {
    const { gateway, shares } = await startBehindProxy();
    const authorization = `Bearer ${await gateway.token("alice")}`;
    for (const from of ["203.0.113.7", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::9", "not an address"]) {
      await fetch(`${gateway.url}/ws`, { headers: { authorization, "x-forwarded-for": from } });
    }
    expect(shares).toEqual([
      "address 203.0.113.7",
      "address 2001:db8:1:2::/64",
      "address 2001:db8:1:2::/64",
      "address 127.0.0.1",
    ]);
  });

  it("G5: is the user's for a renewal, from whatever address", async () => {
    const { gateway, shares } = await startBehindProxy();
    const alice = await connectClient(gateway, "alice");
    alice.send({ type: "auth", token: await gateway.token("alice", 3_600) });
    await alice.waitFor("auth");
    expect(shares).toEqual(["address 127.0.0.1", "user alice"]);
  });

  it("G5: a flood of bad tokens from one address leaves room for a handshake from another", async () => {
    const { gateway } = await startBehindProxy();
    const { token } = await issueToken({ user: "mallory", secret: `another ${SECRET}` });
    const flood = Array.from({ length: 200 }, () =>
      fetch(`${gateway.url}/ws`, {
        headers: { authorization: `Bearer ${token}`, "x-forwarded-for": "203.0.113.7" },
      }),
    );
    const bearer = `bearer.${await gateway.token("alice")}`;
    const alice = new ChatClient(gateway.wsUrl, ["chat.v1", bearer], { "x-forwarded-for": "203.0.113.8" });
    await alice.waitFor("ready");
    for (const { status } of await Promise.all(flood)) expect(status).toBe(401);
  });
});

describe("a handshake's Host header", () => {
  it.each([
    ["none", "1.1", [], 400],
    ["none in HTTP/1.0", "1.0", [], 400],
    ["an empty one", "1.1", ["Host: "], 400],
    ["two", "1.1", ["Host: a.example", "Host: b.example"], 400],
    ["one", "1.1", ["Host: a.example"], 101],
  ])("P3: %s (HTTP/%s)", async (_what, version, hosts, status) => {
    const { gateway, shares } = await startBehindProxy();
    const client = new RawClient(gateway.port);
    const lines = [
      ...hosts,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
      "Sec-WebSocket-Version: 13",
      `Authorization: Bearer ${await gateway.token("alice")}`,
    ];
    client.socket.write(`GET /ws HTTP/${version}\r\n${lines.join("\r\n")}\r\n\r\n`);
    expect(await client.status()).toBe(status);
    expect(shares).toHaveLength(status === 101 ? 1 : 0);
  });
});
