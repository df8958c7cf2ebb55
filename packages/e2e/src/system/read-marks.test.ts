import { until } from "@parley/async";
import type { ReadMark } from "@parley/client";
import { expect, it } from "vitest";
import type { ChatClient } from "../rig/chat-client.ts";
import { observe } from "../rig/sdk-observer.ts";
import { describeShapes, type Json } from "./suite.ts";

await describeShapes("read marks", { persisters: 2 }, (suite) => {
  /** What `/conversations` says to a user about the conversation with another one. */
  async function conversation(user: string, other: string): Promise<Json | undefined> {
    const { conversations } = await suite.read<{ conversations: Json[] }>(user, "/conversations");
    return conversations.find((each) => each.with === other);
  }

  const marksOf = ({ frames }: ChatClient) => (frames as Json[]).filter(({ type }) => type === "read");

  it("P70, P71: a mark is heard by the user's devices and, once it is stored, by the other user", async () => {
    const [alice, phone, laptop] = [
      await suite.connect(0, "alice"),
      await suite.connect(0, "bob"),
      await suite.connect(1, "bob"),
    ];
    const first = await alice.send("bob", "one");
    const second = await alice.send("bob", "two");
    expect(await conversation("bob", "alice")).toMatchObject({ unread: 2 });
    phone.sendRaw({ type: "read", with: "alice", id: first.id });
    const mark = { type: "read", by: "bob", with: "alice", id: first.id };
    for (const device of [phone, laptop])
      await until(() => marksOf(device).length > 0, "the user's devices hear the mark");
    expect([...marksOf(phone), ...marksOf(laptop)]).toEqual([mark, mark]);
    expect(await conversation("bob", "alice")).toMatchObject({ unread: 1, read: first.id });
    await until(() => marksOf(alice).length > 0, "the other user hears the mark");
    expect(marksOf(alice)).toEqual([mark]);
    expect(await conversation("alice", "bob")).toMatchObject({ unread: 0, readBy: first.id });
    phone.sendRaw({ type: "read", with: "alice", id: second.id });
    laptop.sendRaw({ type: "read", with: "alice", id: first.id });
    await until(
      async () => (await conversation("alice", "bob"))?.readBy === second.id,
      "the greater mark is stored",
    );
    expect(await conversation("bob", "alice")).toMatchObject({ unread: 0, read: second.id });
  });

  it("P71: an answer doesn't take back that the other user has read up to their own message", async () => {
    const [gina, hugo] = [await suite.connect(0, "gina"), await suite.connect(1, "hugo")];
    const asked = await hugo.send("gina", "Are you there?");
    expect(await conversation("gina", "hugo")).toMatchObject({ unread: 1, readBy: asked.id });
    const answered = await gina.send("hugo", "Yes.");
    const ofGina = { unread: 0, read: answered.id, readBy: asked.id };
    const ofHugo = { unread: 1, read: asked.id, readBy: answered.id };
    expect(await conversation("gina", "hugo")).toMatchObject(ofGina);
    expect(await conversation("hugo", "gina")).toMatchObject(ofHugo);
  });

  it("P71: the public room is beside the conversations, and sending counts as reading", async () => {
    const [carol, dave] = [await suite.connect(0, "carol"), await suite.connect(1, "dave")];
    await carol.send("", "hello");
    const answer = async (user: string) =>
      (await suite.read<{ public: Json }>(user, "/conversations")).public;
    const before = (await answer("dave")).unread as number;
    expect(before).toBeGreaterThan(0);
    const { id } = await dave.send("", "hi");
    expect(await answer("dave")).toMatchObject({ unread: 0, read: id });
    expect((await answer("carol")).unread).toBe(1);
  });

  it("P70, P71: the SDK marks, hears marks and reads what is unread, over a lost connection too", async () => {
    const [erin, frank] = [await observe(suite.deployment, "erin"), await observe(suite.deployment, "frank")];
    const heard: ReadMark[] = [];
    erin.client.marks.subscribe((mark) => heard.push(mark));
    let missed = 0;
    frank.client.marksMissed.subscribe(() => {
      missed += 1;
    });
    const listed = async () => (await frank.client.conversations()).conversations[0];
    await erin.client.send("frank", "one");
    const two = await erin.client.send("frank", "two");
    expect(await listed()).toMatchObject({ with: "erin", unread: 2, readBy: two.id });
    expect((await frank.client.conversations()).public).toMatchObject({ unread: expect.any(Number) });
    frank.client.markRead("erin", two.id);
    await until(() => heard.length > 0, "the other user hears the mark");
    expect(heard).toEqual([{ by: "frank", with: "erin", id: two.id }]);
    expect(await listed()).toMatchObject({ unread: 0, read: two.id });
    const { id } = await erin.client.send("frank", "three");
    expect(missed).toBe(0);
    frank.client.connectionLost();
    frank.client.markRead("erin", id);
    await until(() => heard.length > 1, "the mark that was made without a connection");
    expect(heard[1]).toEqual({ by: "frank", with: "erin", id });
    await until(() => missed > 0, "the client is live again");
    expect(missed).toBe(1);
    expect(await listed()).toMatchObject({ unread: 0, read: id });
    for (const { client } of [erin, frank]) client.close();
  });
});
