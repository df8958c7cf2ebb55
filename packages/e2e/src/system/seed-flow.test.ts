import { connect, type Socket } from "node:net";
import { until } from "@parley/async";
import type { Message } from "@parley/models";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatClient, type TokenForm } from "../rig/chat-client.ts";
import { type Deployment, describeSplit, startStandalone } from "../rig/shapes.ts";

/** Defines tests of the first things that a user of Parley tries. Deployments of either shape must pass them. */
function seedFlow(start: () => Promise<Deployment>) {
  let deployment: Deployment;
  let alice: ChatClient;
  let bob: ChatClient;
  let carol: ChatClient;

  beforeAll(async () => {
    deployment = await start();
    const [first, second] = deployment.gateways;
    alice = await ChatClient.connect(first, await deployment.token("alice"));
    bob = await ChatClient.connect(second, await deployment.token("bob"));
    carol = await ChatClient.connect(second, await deployment.token("carol"));
  });
  afterAll(async () => {
    for (const client of [alice, bob, carol]) client?.socket.terminate();
    await deployment?.stop();
  });

  it("P10, P20: a public message reaches all clients with equal fields, and its ack has the same id", async () => {
    const ack = await alice.send("", "hello everybody");
    const seen = await Promise.all([alice, bob, carol].map((client) => client.message("hello everybody")));
    expect(seen[0]).toMatchObject({ id: ack.id, from: "alice", to: "", timestamp: ack.timestamp });
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
  });

  it("P20: a private message reaches sender and recipient and nobody else", async () => {
    await alice.send("bob", "for bob alone");
    await Promise.all([alice.message("for bob alone"), bob.message("for bob alone")]);
    // Messages arrive in log order. If carol had received the private message, it would have arrived before this one.
    await alice.send("", "after the private one");
    await carol.message("after the private one");
    expect(carol.messages.map(({ content }) => content)).not.toContain("for bob alone");
  });

  it("P7: every connection of a user gets all of the user's messages", async () => {
    const other = await ChatClient.connect(deployment.gateways[0], await deployment.token("bob"));
    await alice.send("bob", "to both of bob");
    expect(await other.message("to both of bob")).toEqual(await bob.message("to both of bob"));
    await other.close();
  });

  it("P50, P56: both users read the same conversation in the same order, immediately", async () => {
    await bob.send("alice", "answer one");
    await alice.send("bob", "answer two");
    const [messages, others] = await Promise.all([
      deployment.read<Message[]>("alice", "/messages/bob"),
      deployment.read<Message[]>("bob", "/messages/alice"),
    ]);
    expect(others).toEqual(messages);
    expect(messages.map(({ content }) => content)).toEqual([
      "for bob alone",
      "to both of bob",
      "answer one",
      "answer two",
    ]);
    expect(messages.map(({ id }) => id)).toEqual(messages.map(({ id }) => id).toSorted());
    for (const message of messages) {
      expect(Object.keys(message).sort()).toEqual(["content", "from", "id", "timestamp", "to"]);
    }
  });

  it("P52, P53: history answers the public room, and everything since a cursor", async () => {
    const room = await deployment.read<Message[]>("carol", "/messages");
    expect(room.map(({ content }) => content)).toEqual(["hello everybody", "after the private one"]);
    const sync = await deployment.read("carol", `/sync?after=${room[0]?.id}`);
    expect(sync).toMatchObject({ messages: [room[1]], more: false });
  });

  it("P54: an internal service may read for a user, and nobody else", async () => {
    const read = async (token: string) =>
      fetch(`${deployment.historyUrl}/messages/bob?as=alice`, {
        headers: { authorization: `Bearer ${token}` },
      });
    const service = await read(await deployment.token("reporting", { scopes: ["history:read"] }));
    expect(service.status).toBe(200);
    expect(await service.json()).toEqual(await deployment.read("alice", "/messages/bob"));
    expect((await read(await deployment.token("carol"))).status).toBe(403);
  });

  it.each<TokenForm>(["chat.v1", "Bearer, token", "Bearer token", "Authorization"])(
    "P1, P2: a client of the ws library connects with the token as %s",
    async (form) => {
      const dave = await ChatClient.connect(deployment.gateways[1], await deployment.token("dave"), form);
      const { id } = await dave.send("", `by ${form}`);
      expect((await bob.message(`by ${form}`)).id).toBe(id);
      expect(dave.socket.protocol).toBe(
        { "chat.v1": "chat.v1", "Bearer, token": "Bearer" }[form as string] ?? "",
      );
      await dave.close();
    },
  );

  it.each([
    { name: "chat.v1", offer: (token: string) => ["chat.v1", `bearer.${token}`] },
    { name: "Bearer", offer: (token: string) => ["Bearer", token] },
  ])("P1, P2: Node's own WebSocket connects with the token under $name", async ({ name, offer }) => {
    const socket = new WebSocket(deployment.gateways[0], offer(await deployment.token("erin")));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    expect(socket.protocol).toBe(name);
    socket.send(JSON.stringify({ content: `erin by ${name}` }));
    await carol.message(`erin by ${name}`);
    socket.close();
  });

  it("P1, P2: a bare socket connects with the literal header with a space", async () => {
    const { hostname, port } = new URL(deployment.gateways[0]);
    const socket: Socket = connect(Number(port), hostname);
    const received: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => received.push(chunk));
    socket.write(
      [
        "GET /ws HTTP/1.1",
        `Host: ${hostname}:${port}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        `Sec-WebSocket-Protocol: Bearer ${await deployment.token("frank")}`,
        "\r\n",
      ].join("\r\n"),
    );
    const text = () => Buffer.concat(received).toString("latin1");
    await until(() => text().includes("\r\n\r\n"), "the upgrade");
    expect(text()).toMatch(/^HTTP\/1.1 101 /);
    expect(text()).not.toMatch(/sec-websocket-protocol/i);
    await alice.send("frank", "received over a bare socket");
    await until(() => text().includes("received over a bare socket"), "the message");
    socket.destroy();
  });
}

describe("the seed flow, standalone", () => seedFlow(startStandalone));

await describeSplit("the seed flow, split over two gateways", {}, (deployment) => {
  seedFlow(async () => deployment);

  it("architecture: messages are in MongoDB with all their fields", async () => {
    const ack = await (
      await ChatClient.connect(deployment.gateways[0], await deployment.token("grace"))
    ).send("bob", "kept");
    const client = await MongoClient.connect(deployment.mongoUrl);
    try {
      const collection = client.db().collection<{ _id: string }>("messages");
      const document = await until(
        async () => (await collection.findOne({ _id: ack.id })) ?? undefined,
        "the document",
      );
      expect(document).toMatchObject({
        _id: ack.id,
        conversation: "bob:grace",
        from: "grace",
        to: "bob",
        content: "kept",
        timestamp: new Date(ack.timestamp),
        ref: ack.ref,
      });
    } finally {
      await client.close();
    }
  });
});
