import { until } from "@parley/async";
import { encodeBody, formatId, messageFrame } from "@parley/models";
import { describe, expect, it } from "vitest";
import { chatter, plainChatter } from "../test/chat-client.ts";
import { openHouse } from "../test/running-gateway.ts";

/** Ids beyond those that the log in memory gives out. */
const id = (n: number) => formatId({ ms: 9_000_000_000_000 + n, seq: 0 });
const said = (n: number, to = "") => ({
  id: id(n),
  body: encodeBody({ from: "alice", to, content: `${n}` }),
});

describe("a message on its way out", () => {
  it("P20: goes to everybody, the same bytes, or to sender and recipient alone", async () => {
    const house = await openHouse();
    const [alice, bob, carol] = [
      await chatter(house, "alice"),
      await chatter(house, "bob"),
      await plainChatter(house, "carol"),
    ];
    alice.say({ to: "bob", content: 'a "secret" é \u2028', ref: "1" });
    alice.say({ content: "public" });
    await Promise.all([alice.get("message", 2), bob.get("message", 2), carol.get("message", 1)]);
    expect(carol.contents()).toEqual(["public"]);
    const [secret, open] = alice.of("message");
    expect(secret).toEqual({
      type: "message",
      id: secret?.id,
      from: "alice",
      to: "bob",
      content: 'a "secret" é \u2028',
      timestamp: secret?.timestamp,
    });
    const texts = (client: typeof alice) => client.texts.filter((text) => text.includes('"type":"message"'));
    expect(texts(bob)).toEqual(texts(alice));
    expect(texts(carol)).toEqual(texts(bob).slice(1));
    expect(open?.to).toBe("");
  });

  it("P7: goes to every connection of sender and recipient, and once to who writes to itself", async () => {
    const house = await openHouse();
    const clients = [
      await chatter(house, "alice"),
      await chatter(house, "alice"),
      await chatter(house, "bob"),
      await chatter(house, "bob"),
    ];
    clients[0]?.say({ to: "bob", content: "to bob" });
    clients[0]?.say({ to: "alice", content: "to myself" });
    clients[0]?.say({ content: "end" });
    await Promise.all(clients.map((client) => until(() => client.contents().includes("end"), "the end")));
    expect(clients.map((client) => client.contents())).toEqual([
      ["to bob", "to myself", "end"],
      ["to bob", "to myself", "end"],
      ["to bob", "end"],
      ["to bob", "end"],
    ]);
  });

  it("P21: what a repair tells again is not sent again, and order holds over private and public", async () => {
    const house = await openHouse();
    const bob = await chatter(house, "bob");
    const tell = (numbers: readonly number[]) => {
      for (const n of numbers)
        house.listener.message(n % 2 === 0 ? "bob" : "", said(n, n % 2 === 0 ? "bob" : ""));
    };
    tell([1, 2, 3, 4]);
    tell([2, 3, 4, 5, 6]);
    await bob.get("message", 2);
    tell([1, 2, 3, 4, 5, 6, 7, 8]);
    await bob.get("message", 8);
    expect(bob.contents()).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
    expect(bob.texts.at(-1)).toBe(messageFrame(said(8, "bob").id, said(8, "bob").body));
  });

  it("P21 L17: a message at or below the cursor that comes late is not sent", async () => {
    const house = await openHouse({
      live: (live) => ({
        ...{ leave: (user) => live.leave(user), problem: () => undefined },
        join: async (user) => {
          await live.join(user);
          return id(5);
        },
      }),
    });
    const bob = await chatter(house, "bob");
    house.listener.message("", said(3));
    house.listener.message("bob", said(4, "bob"));
    for (const n of [5, 6]) house.listener.message("", said(n));
    house.listener.message("bob", said(7, "bob"));
    await bob.get("message", 2);
    expect(bob.contents()).toEqual(["6", "7"]);
  });

  it("P22: without chat.v1 there is no ready, no sync, no reconnect, whatever happens", async () => {
    const house = await openHouse({ config: { drainMs: 10 } });
    const bob = await plainChatter(house, "bob");
    house.listener.message("", said(1));
    await bob.get("message");
    house.listener.gap(id(9));
    await bob.get("error");
    bob.say({ content: "with a ref", ref: "r" });
    await bob.get("ack");
    bob.say({ type: "ping" });
    await bob.get("pong");
    await house.gateway.drain();
    await bob.end();
    expect(bob.frames.map(({ type }) => type).sort()).toEqual(["ack", "error", "message", "pong"]);
  });

  it("P23: a hole that cannot be filled is told: sync under chat.v1, messages_missed to others", async () => {
    const house = await openHouse();
    const [alice, bob] = [await chatter(house, "alice"), await plainChatter(house, "bob")];
    house.listener.message("", said(1));
    house.listener.gap(id(10));
    for (const n of [9, 10, 11]) house.listener.message("", said(n));
    house.listener.message("bob", said(12, "bob"));
    await Promise.all([alice.get("message", 2), bob.get("message", 3)]);
    expect(alice.frames.slice(1)).toEqual([
      expect.objectContaining({ id: id(1) }),
      { type: "sync", cursor: id(10) },
      expect.objectContaining({ id: id(11) }),
    ]);
    expect(bob.frames[1]).toMatchObject({ type: "error", code: "messages_missed", temporary: true });
    expect(bob.contents()).toEqual(["1", "11", "12"]);
  });

  it("P23 L3: after a replaced log, messages with ids before the old cursor come through", async () => {
    const house = await openHouse({
      live: (live) => ({
        ...{ leave: (user) => live.leave(user), problem: () => undefined },
        join: async (user) => {
          await live.join(user);
          return id(80);
        },
      }),
    });
    const alice = await chatter(house, "alice");
    house.listener.message("", said(100));
    house.listener.gap(id(50));
    house.listener.message("", said(51));
    house.listener.message("alice", said(52, "alice"));
    await alice.get("message", 3);
    expect(alice.contents()).toEqual(["100", "51", "52"]);
  });
});
