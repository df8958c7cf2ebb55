import { until } from "@parley/async";
import { connect } from "@parley/client";
import type { Message } from "@parley/models";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { type Deployment, describeSplit, startStandalone } from "../rig/shapes.ts";

interface Conversation {
  readonly with: string;
  readonly last: Message;
}

async function conversationsOf(deployment: Deployment, user: string): Promise<Conversation[]> {
  return (await deployment.read<{ conversations: Conversation[] }>(user, "/conversations")).conversations;
}

const lastsOf = (conversations: readonly Conversation[]) =>
  conversations.map(({ with: peer, last }) => [peer, last.content]);

/** Defines the tests that deployments of either shape must pass. */
function conversationsFlow(start: () => Promise<Deployment>) {
  let deployment: Deployment;
  let alice: ChatClient;

  beforeAll(async () => {
    deployment = await start();
    alice = await ChatClient.connect(deployment.gateways[0], await deployment.token("alice"));
  });
  afterAll(async () => {
    alice?.socket.terminate();
    await deployment?.stop();
  });

  it("P57, P56: an acknowledged message is in the very next answer, for both users", async () => {
    for (let n = 0; n < 12; n += 1) {
      const peer = `peer${n % 4}`;
      const { id } = await alice.send(peer, `number ${n}`);
      const [newest] = await conversationsOf(deployment, "alice");
      expect(newest).toMatchObject({ with: peer, last: { id, content: `number ${n}` } });
      expect(await conversationsOf(deployment, peer)).toMatchObject([{ with: "alice", last: { id } }]);
    }
    await alice.send("", "for everybody");
    expect(lastsOf(await conversationsOf(deployment, "alice"))).toEqual([
      ["peer3", "number 11"],
      ["peer2", "number 10"],
      ["peer1", "number 9"],
      ["peer0", "number 8"],
    ]);
    expect(await conversationsOf(deployment, "stranger")).toEqual([]);
  });

  it("P57: the SDK reads page after page", async () => {
    const token = await deployment.token("alice");
    const chat = connect({
      url: deployment.gateways[0],
      historyUrl: deployment.historyUrl,
      token: () => token,
    });
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

await describeSplit("conversations of a split deployment", { persisters: 2 }, (deployment) => {
  conversationsFlow(async () => ({ ...deployment, stop: async () => undefined }));
  afterAll(() => deployment.stop());

  it("P56, P57: the list stays current while every persister is stopped, and is the same afterwards", async () => {
    const alice = await ChatClient.connect(deployment.gateways[0], await deployment.token("alice"));
    for (const persister of deployment.persisters) await persister.kill("SIGSTOP");
    await alice.send("peer1", "while nobody stores");
    await alice.send("newcomer", "hello");
    const listed = lastsOf(await conversationsOf(deployment, "alice"));
    expect(listed).toEqual([
      ["newcomer", "hello"],
      ["peer1", "while nobody stores"],
      ["peer3", "number 11"],
      ["peer2", "number 10"],
      ["peer0", "number 8"],
    ]);
    for (const persister of deployment.persisters) await persister.kill("SIGCONT");
    const { id } = await alice.send("zoe", "the last one");
    const mongo = new MongoClient(deployment.mongoUrl);
    await until(async () => {
      const stored = await mongo.db().collection("conversations").findOne({ last: id });
      return stored ?? undefined;
    }, "the last message to be stored");
    await mongo.close();
    await deployment.historyApi.restart();
    const afterwards = await conversationsOf(deployment, "alice");
    expect(lastsOf(afterwards)).toEqual([["zoe", "the last one"], ...listed]);
    alice.socket.terminate();
  });
});
