import { until } from "@parley/async";
import { describe, expect, it, onTestFinished } from "vitest";
import { Chatter, chatter, plainChatter } from "../test/chat-client.ts";
import { RawClient } from "../test/raw-client.ts";
import { type House, openHouse } from "../test/running-gateway.ts";

const urlOf = (house: House) => `ws://127.0.0.1:${house.port}/ws`;

describe("the ways of bringing a token", () => {
  it("P1 P5: Authorization, with chat.v1 selected and ready first", async () => {
    const house = await openHouse();
    const authorization = `Bearer ${await house.token("alice")}`;
    const client = new Chatter(urlOf(house), ["chat.v1"], { authorization });
    const { cursor } = await client.get("ready");
    expect(client.ws.protocol).toBe("chat.v1");
    expect(client.frames).toEqual([{ type: "ready", user: "alice", cursor }]);
  });

  it("P1 P2: chat.v1, bearer.<jwt>", async () => {
    const client = await chatter(await openHouse(), "alice");
    expect(client.ws.protocol).toBe("chat.v1");
  });

  it("P1 P2: Bearer, <jwt> is answered with Bearer and works", async () => {
    const client = await plainChatter(await openHouse(), "alice");
    expect(client.ws.protocol).toBe("Bearer");
    client.say({ content: "hello", ref: "1" });
    expect(await client.get("ack")).toMatchObject({ ref: "1" });
  });

  it.each([
    ["chat.v1", (jwt: string) => ["chat.v1", `bearer.${jwt}`]],
    ["Bearer", (jwt: string) => ["Bearer", jwt]],
  ])(
    "P1 P2: the WebSocket of browsers and Node, which checks that %s was selected",
    async (protocol, offers) => {
      const house = await openHouse();
      const socket = new WebSocket(urlOf(house), offers(await house.token("alice")));
      onTestFinished(() => socket.close());
      await until(() => socket.readyState === WebSocket.OPEN, "open");
      expect(socket.protocol).toBe(protocol);
    },
  );

  it("P1 P2: the literal Bearer <jwt> with a space is taken, and no subprotocol is answered", async () => {
    const house = await openHouse();
    const client = new RawClient(house.port);
    const token = await house.token("alice");
    client.upgrade({ "Sec-WebSocket-Protocol": `Bearer ${token}` });
    const head = await client.head();
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(head.toLowerCase()).not.toContain("sec-websocket-protocol");
    expect(head).not.toContain(token);
  });

  it("P2: a token is never echoed, whichever way it came", async () => {
    const house = await openHouse();
    const token = await house.token("alice");
    for (const offer of [
      `bearer.${token}`,
      `chat.v1, bearer.${token}`,
      `Bearer, ${token}`,
      `bearer.${token}, x`,
    ]) {
      const client = new RawClient(house.port);
      client.upgrade({ "Sec-WebSocket-Protocol": offer });
      const head = await client.head();
      expect(head).toMatch(/^HTTP\/1\.1 101 /);
      expect(head).not.toContain(token);
    }
  });
});
