import { until } from "@parley/async";
import { connect } from "@parley/client";
import type { Message } from "@parley/models";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chatter } from "../rig/chat-client.ts";
import { describeSplit, type House, startStandalone } from "../rig/shapes.ts";

interface Conversation {
  readonly with: string;
  readonly last: Message;
}

async function conversationsOf(house: House, user: string): Promise<Conversation[]> {
  const response = await house.history(user, "/conversations");
  expect(response.status).toBe(200);
  return ((await response.json()) as { conversations: Conversation[] }).conversations;
}

const lastsOf = (conversations: readonly Conversation[]) =>
  conversations.map(({ with: peer, last }) => [peer, last.content]);

/** What is the same in both shapes. */
function conversationsFlow(start: () => Promise<House>) {
  let house: House;
  let alice: Chatter;

  beforeAll(async () => {
    house = await start();
    alice = await Chatter.connect(house.gateways[0], await house.token("alice"));
  });
  afterAll(async () => {
    alice?.socket.terminate();
    await house?.stop();
  });

  it("P57, P56: what was acknowledged is in the very next answer, on both sides", async () => {
    for (let n = 0; n < 12; n += 1) {
      const peer = `peer${n % 4}`;
      const { id } = await alice.send(peer, `number ${n}`);
      const [newest] = await conversationsOf(house, "alice");
      expect(newest).toMatchObject({ with: peer, last: { id, content: `number ${n}` } });
      expect(await conversationsOf(house, peer)).toMatchObject([{ with: "alice", last: { id } }]);
    }
    await alice.send("", "for everybody");
    expect(lastsOf(await conversationsOf(house, "alice"))).toEqual([
      ["peer3", "number 11"],
      ["peer2", "number 10"],
      ["peer1", "number 9"],
      ["peer0", "number 8"],
    ]);
    expect(await conversationsOf(house, "stranger")).toEqual([]);
  });

  it("P57: the SDK goes from page to page", async () => {
    const token = await house.token("alice");
    const chat = connect({ url: house.gateways[0], historyUrl: house.historyUrl, token: () => token });
    const seen: string[] = [];
    for (let before: string | undefined, isFirst = true; isFirst || before !== undefined; isFirst = false) {
      const page = await chat.conversations({ limit: 1, before });
      seen.push(...page.conversations.map((conversation) => conversation.with));
      before = page.next;
    }
    chat.close();
    expect(seen).toEqual(["peer3", "peer2", "peer1", "peer0"]);
  });
}

describe("conversations in one process", () => conversationsFlow(startStandalone));

await describeSplit("conversations of a split house", { persisters: 2 }, (house) => {
  conversationsFlow(async () => ({ ...house, stop: async () => undefined }));
  afterAll(() => house.stop());

  it("P56, P57: with every persister stopped the list goes on, and is the same once they are back", async () => {
    const alice = await Chatter.connect(house.gateways[0], await house.token("alice"));
    for (const persister of house.persisters) await persister.kill("SIGSTOP");
    await alice.send("peer1", "while nobody stores");
    await alice.send("newcomer", "hello");
    const listed = lastsOf(await conversationsOf(house, "alice"));
    expect(listed).toEqual([
      ["newcomer", "hello"],
      ["peer1", "while nobody stores"],
      ["peer3", "number 11"],
      ["peer2", "number 10"],
      ["peer0", "number 8"],
    ]);
    for (const persister of house.persisters) await persister.kill("SIGCONT");
    const { id } = await alice.send("zoe", "the last one");
    const mongo = new MongoClient(house.mongo.url);
    await until(async () => {
      const stored = await mongo.db("parley").collection("conversations").findOne({ last: id });
      return stored ?? undefined;
    }, "the last one to be stored");
    await mongo.close();
    await house.historyApi.restart();
    const afterwards = await until(async () => {
      const response = await house.history("alice", "/conversations");
      return response.status === 200
        ? ((await response.json()) as { conversations: Conversation[] }).conversations
        : undefined;
    }, "an answer");
    expect(lastsOf(afterwards)).toEqual([["zoe", "the last one"], ...listed]);
    alice.socket.terminate();
  });
});
