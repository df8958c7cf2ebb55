import { until } from "@parley/async";
import { expect, it } from "vitest";
import type { ChatClient } from "../rig/chat-client.ts";
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
});
