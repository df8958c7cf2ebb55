import { until } from "@parley/async";
import { encodeBody, formatId, messageFrame } from "@parley/models";
import { describe, expect, it } from "vitest";
import { connectClient, connectPlainClient } from "../test/chat-client.ts";
import { startGateway, withJoin } from "../test/running-gateway.ts";

/** Returns an id greater than those of the log in memory. */
const id = (n: number) => formatId({ ms: 9_000_000_000_000 + n, seq: 0 });
const message = (n: number, to = "") => ({
  id: id(n),
  body: encodeBody({ from: "alice", to, content: `${n}` }),
});

describe("a live message", () => {
  it("P20: goes to everyone if public, else to its sender and recipient only, as the same bytes", async () => {
    const gateway = await startGateway();
    const [alice, bob, carol] = [
      await connectClient(gateway, "alice"),
      await connectClient(gateway, "bob"),
      await connectPlainClient(gateway, "carol"),
    ];
    alice.send({ to: "bob", content: 'a "secret" é \u2028', ref: "1" });
    alice.send({ content: "public" });
    await Promise.all([alice.waitFor("message", 2), bob.waitFor("message", 2), carol.waitFor("message", 1)]);
    expect(carol.contents()).toEqual(["public"]);
    const [secret, open] = alice.framesOf("message");
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

  it("P7: goes to every connection of sender and recipient, and once to a user who writes to themselves", async () => {
    const gateway = await startGateway();
    const clients = [
      await connectClient(gateway, "alice"),
      await connectClient(gateway, "alice"),
      await connectClient(gateway, "bob"),
      await connectClient(gateway, "bob"),
    ];
    clients[0]?.send({ to: "bob", content: "to bob" });
    clients[0]?.send({ to: "alice", content: "to myself" });
    clients[0]?.send({ content: "end" });
    await Promise.all(clients.map((client) => until(() => client.contents().includes("end"), "the end")));
    expect(clients.map((client) => client.contents())).toEqual([
      ["to bob", "to myself", "end"],
      ["to bob", "to myself", "end"],
      ["to bob", "end"],
      ["to bob", "end"],
    ]);
  });

  it("P21: isn't sent again if a repair delivers it again, and private and public messages keep their order", async () => {
    const gateway = await startGateway();
    const bob = await connectClient(gateway, "bob");
    const deliver = (numbers: readonly number[]) => {
      for (const n of numbers)
        gateway.listener.message(n % 2 === 0 ? "bob" : "", message(n, n % 2 === 0 ? "bob" : ""));
    };
    deliver([1, 2, 3, 4]);
    deliver([2, 3, 4, 5, 6]);
    await bob.waitFor("message", 2);
    deliver([1, 2, 3, 4, 5, 6, 7, 8]);
    await bob.waitFor("message", 8);
    expect(bob.contents()).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
    expect(bob.texts.at(-1)).toBe(messageFrame(message(8, "bob").id, message(8, "bob").body));
  });

  it("P21 L17: isn't sent if it is at or below the cursor", async () => {
    const gateway = await startGateway({
      live: (live) =>
        withJoin(live, async (user) => {
          await live.join(user);
          return id(5);
        }),
    });
    const bob = await connectClient(gateway, "bob");
    gateway.listener.message("", message(3));
    gateway.listener.message("bob", message(4, "bob"));
    for (const n of [5, 6]) gateway.listener.message("", message(n));
    gateway.listener.message("bob", message(7, "bob"));
    await bob.waitFor("message", 2);
    expect(bob.contents()).toEqual(["6", "7"]);
  });

  it("P22: a client without chat.v1 never gets ready, sync or reconnect", async () => {
    const gateway = await startGateway({ config: { drainMs: 10 } });
    const bob = await connectPlainClient(gateway, "bob");
    gateway.listener.message("", message(1));
    await bob.waitFor("message");
    gateway.listener.gap(id(9));
    await bob.waitFor("error");
    bob.send({ content: "with a ref", ref: "r" });
    await bob.waitFor("ack");
    bob.send({ type: "ping" });
    await bob.waitFor("pong");
    await gateway.core.drain();
    await bob.waitForClose();
    expect(bob.frames.map(({ type }) => type).sort()).toEqual(["ack", "error", "message", "pong"]);
  });

  it("P23: after a gap clients get sync under chat.v1, else messages_missed", async () => {
    const gateway = await startGateway();
    const [alice, bob] = [await connectClient(gateway, "alice"), await connectPlainClient(gateway, "bob")];
    gateway.listener.message("", message(1));
    gateway.listener.gap(id(10));
    for (const n of [9, 10, 11]) gateway.listener.message("", message(n));
    gateway.listener.message("bob", message(12, "bob"));
    await Promise.all([alice.waitFor("message", 2), bob.waitFor("message", 3)]);
    expect(alice.frames.slice(1)).toEqual([
      expect.objectContaining({ id: id(1) }),
      { type: "sync", cursor: id(10) },
      expect.objectContaining({ id: id(11) }),
    ]);
    expect(bob.frames[1]).toMatchObject({ type: "error", code: "messages_missed", temporary: true });
    expect(bob.contents()).toEqual(["1", "11", "12"]);
  });

  it("P23 L3: arrives after the log was replaced, even if its id is before the old cursor", async () => {
    const gateway = await startGateway({
      live: (live) =>
        withJoin(live, async (user) => {
          await live.join(user);
          return id(80);
        }),
    });
    const alice = await connectClient(gateway, "alice");
    gateway.listener.message("", message(100));
    gateway.listener.gap(id(50));
    gateway.listener.message("", message(51));
    gateway.listener.message("alice", message(52, "alice"));
    await alice.waitFor("message", 3);
    expect(alice.contents()).toEqual(["100", "51", "52"]);
  });
});
