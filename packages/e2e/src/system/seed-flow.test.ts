import { connect, type Socket } from "node:net";
import { until } from "@parley/async";
import type { Message } from "@parley/models";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chatter, type TokenForm } from "../rig/chat-client.ts";
import { describeSplit, type House, startStandalone } from "../rig/shapes.ts";

/** What anybody who runs Parley would try first, the same in both shapes. */
function seedFlow(start: () => Promise<House>) {
  let house: House;
  let alice: Chatter;
  let bob: Chatter;
  let carol: Chatter;

  beforeAll(async () => {
    house = await start();
    const [first, second] = house.gateways;
    alice = await Chatter.connect(first, await house.token("alice"));
    bob = await Chatter.connect(second, await house.token("bob"));
    carol = await Chatter.connect(second, await house.token("carol"));
  });
  afterAll(async () => {
    for (const chatter of [alice, bob, carol]) chatter?.socket.terminate();
    await house?.stop();
  });

  it("P10, P20: a public message reaches everybody, the same for all, and its ack has the same id", async () => {
    const ack = await alice.send("", "hello everybody");
    const seen = await Promise.all([alice, bob, carol].map((chatter) => chatter.message("hello everybody")));
    expect(seen[0]).toMatchObject({ id: ack.id, from: "alice", to: "", timestamp: ack.timestamp });
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
  });

  it("P20: a private message reaches sender and recipient and nobody else", async () => {
    await alice.send("bob", "for bob alone");
    await Promise.all([alice.message("for bob alone"), bob.message("for bob alone")]);
    // Log order: what carol hears next entered after it, so it would have come before.
    await alice.send("", "after the private one");
    await carol.message("after the private one");
    expect(carol.messages.map(({ content }) => content)).not.toContain("for bob alone");
  });

  it("P7: every connection of a user gets all of the user's messages", async () => {
    const other = await Chatter.connect(house.gateways[0], await house.token("bob"));
    await alice.send("bob", "to both of bob");
    expect(await other.message("to both of bob")).toEqual(await bob.message("to both of bob"));
    await other.close();
  });

  it("P50, P56: both sides read the same conversation in the same order, at once", async () => {
    await bob.send("alice", "answer one");
    await alice.send("bob", "answer two");
    const [hers, his] = await Promise.all([
      house.history("alice", "/messages/bob"),
      house.history("bob", "/messages/alice"),
    ]);
    const messages = (await hers.json()) as Message[];
    expect(await his.json()).toEqual(messages);
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

  it("P52, P53: the public room, and everything since a cursor", async () => {
    const room = (await (await house.history("carol", "/messages")).json()) as Message[];
    expect(room.map(({ content }) => content)).toEqual(["hello everybody", "after the private one"]);
    const sync = await (await house.history("carol", `/sync?after=${room[0]?.id}`)).json();
    expect(sync).toMatchObject({ messages: [room[1]], more: false });
  });

  it("P54: an internal service reads for a user, anybody else may not", async () => {
    const read = async (token: string) =>
      fetch(`${house.historyUrl}/messages/bob?as=alice`, { headers: { authorization: `Bearer ${token}` } });
    const service = await read(await house.token("reporting", { scopes: ["history:read"] }));
    expect(service.status).toBe(200);
    expect(await service.json()).toEqual(await (await house.history("alice", "/messages/bob")).json());
    expect((await read(await house.token("carol"))).status).toBe(403);
  });

  it.each<TokenForm>(["chat.v1", "Bearer, token", "Bearer token", "Authorization"])(
    "P1, P2: a token as %s, with the ws library",
    async (form) => {
      const dave = await Chatter.connect(house.gateways[1], await house.token("dave"), form);
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
  ])("P1, P2: a token under $name, with Node's own WebSocket", async ({ name, offer }) => {
    const socket = new WebSocket(house.gateways[0], offer(await house.token("erin")));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    expect(socket.protocol).toBe(name);
    socket.send(JSON.stringify({ content: `erin by ${name}` }));
    await carol.message(`erin by ${name}`);
    socket.close();
  });

  it("P1, P2: the literal header with a space, over a bare socket", async () => {
    const { hostname, port } = new URL(house.gateways[0]);
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
        `Sec-WebSocket-Protocol: Bearer ${await house.token("frank")}`,
        "\r\n",
      ].join("\r\n"),
    );
    const text = () => Buffer.concat(received).toString("latin1");
    await until(() => (text().includes("\r\n\r\n") ? true : undefined), "the upgrade");
    expect(text()).toMatch(/^HTTP\/1.1 101 /);
    expect(text()).not.toMatch(/sec-websocket-protocol/i);
    await alice.send("frank", "heard over a bare socket");
    await until(() => text().includes("heard over a bare socket") || undefined, "the message");
    socket.destroy();
  });
}

describe("the seed flow, standalone", () => seedFlow(startStandalone));

await describeSplit("the seed flow, split over two gateways", {}, (house) => {
  seedFlow(async () => house);

  it("architecture: the documents are in MongoDB with their fields", async () => {
    const ack = await (await Chatter.connect(house.gateways[0], await house.token("grace"))).send(
      "bob",
      "kept",
    );
    const client = await MongoClient.connect(house.mongo.url);
    try {
      const collection = client
        .db(client.options.dbName === "test" ? "parley" : client.options.dbName)
        .collection<{
          _id: string;
        }>("messages");
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
