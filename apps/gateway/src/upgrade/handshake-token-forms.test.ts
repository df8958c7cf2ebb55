import { until } from "@parley/async";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChatClient, connectClient, connectPlainClient } from "../test/chat-client.ts";
import { RawClient } from "../test/raw-client.ts";
import { startGateway } from "../test/running-gateway.ts";

describe("the forms of a token in a handshake", () => {
  it("P1 P5: Authorization, with chat.v1 selected and ready as the first frame", async () => {
    const gateway = await startGateway();
    const authorization = `Bearer ${await gateway.token("alice")}`;
    const client = new ChatClient(gateway.wsUrl, ["chat.v1"], { authorization });
    const { cursor } = await client.waitFor("ready");
    expect(client.ws.protocol).toBe("chat.v1");
    expect(client.frames).toEqual([{ type: "ready", user: "alice", cursor, marks: true }]);
  });

  it("P1 P2: chat.v1, bearer.<jwt>", async () => {
    const client = await connectClient(await startGateway(), "alice");
    expect(client.ws.protocol).toBe("chat.v1");
  });

  it("P1 P2: Bearer, <jwt>, with Bearer selected", async () => {
    const client = await connectPlainClient(await startGateway(), "alice");
    expect(client.ws.protocol).toBe("Bearer");
    client.send({ content: "hello", ref: "1" });
    expect(await client.waitFor("ack")).toMatchObject({ ref: "1" });
  });

  it.each([
    ["chat.v1", (jwt: string) => ["chat.v1", `bearer.${jwt}`]],
    ["Bearer", (jwt: string) => ["Bearer", jwt]],
  ])(
    "P1 P2: %s, with the WebSocket of browsers and Node, which checks the selection",
    async (protocol, offers) => {
      const gateway = await startGateway();
      const socket = new WebSocket(gateway.wsUrl, offers(await gateway.token("alice")));
      onTestFinished(() => socket.close());
      await until(() => socket.readyState === WebSocket.OPEN, "open");
      expect(socket.protocol).toBe(protocol);
    },
  );

  it("P1 P2: the literal Bearer <jwt> with a space, with no subprotocol selected", async () => {
    const gateway = await startGateway();
    const client = new RawClient(gateway.port);
    const token = await gateway.token("alice");
    client.upgrade({ "Sec-WebSocket-Protocol": `Bearer ${token}` });
    const head = await client.head();
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(head.toLowerCase()).not.toContain("sec-websocket-protocol");
    expect(head).not.toContain(token);
  });

  it("P2: a token in any form is never echoed", async () => {
    const gateway = await startGateway();
    const token = await gateway.token("alice");
    for (const offer of [
      `bearer.${token}`,
      `chat.v1, bearer.${token}`,
      `Bearer, ${token}`,
      `bearer.${token}, x`,
    ]) {
      const client = new RawClient(gateway.port);
      client.upgrade({ "Sec-WebSocket-Protocol": offer });
      const head = await client.head();
      expect(head).toMatch(/^HTTP\/1\.1 101 /);
      expect(head).not.toContain(token);
    }
  });
});
