import { until } from "@parley/async";
import { encodeBody, formatId } from "@parley/models";
import { describe, expect, it } from "vitest";
import { requestBothWays } from "../test/both-ways.ts";
import { ChatClient, connectClient } from "../test/chat-client.ts";
import { startGateway, withJoin } from "../test/running-gateway.ts";

/** Returns an id greater than those of the log in memory. */
const at = (n: number) => formatId({ ms: 9_000_000_000_000 + n, seq: 0 });

describe("a pending connection", () => {
  it("P5 L17: messages that arrive between join and ready are sent after ready, if they are after the cursor", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isSlow = false;
    let joins = 0;
    const gateway = await startGateway({
      live: (live) =>
        withJoin(live, async (user) => {
          const slow = isSlow;
          const cursor = await live.join(user);
          joins += 1;
          if (slow) await gate;
          return cursor;
        }),
    });
    const alice = await connectClient(gateway, "alice");
    alice.send({ content: "before", ref: "0" });
    await alice.waitFor("ack");
    isSlow = true;
    const bob = new ChatClient(gateway.wsUrl, ["chat.v1", `bearer.${await gateway.token("bob")}`]);
    await until(() => joins === 2, "the join");
    alice.send({ to: "bob", content: "private, meanwhile", ref: "1" });
    alice.send({ content: "public, meanwhile", ref: "2" });
    await alice.waitFor("ack", 3);
    release();
    await bob.waitFor("message", 2);
    alice.send({ content: "after", ref: "3" });
    await bob.waitFor("message", 3);
    expect(bob.frames.map(({ type }) => type)).toEqual(["ready", "message", "message", "message"]);
    expect(bob.contents()).toEqual(["private, meanwhile", "public, meanwhile", "after"]);
    bob.ws.terminate();
  });

  it("L17: buffered messages at or below the cursor aren't sent", async () => {
    const message = (n: number) => ({
      id: at(n),
      body: encodeBody({ from: "bob", to: "", content: `${n}` }),
    });
    let deliver: (n: number) => void = () => undefined;
    const gateway = await startGateway({
      live: (live) =>
        withJoin(live, async (user) => {
          await live.join(user);
          for (const n of [1, 2, 3]) deliver(n);
          return at(2);
        }),
    });
    deliver = (n) => gateway.listener.message(n === 3 ? "alice" : "", message(n));
    const alice = await connectClient(gateway, "alice");
    gateway.listener.message("", message(4));
    await alice.waitFor("message", 2);
    expect(alice.contents()).toEqual(["3", "4"]);
  });

  it("G5: a client is refused if too many bytes arrive during its handshake", async () => {
    let deliver: () => void = () => undefined;
    const gateway = await startGateway({
      config: { maxPendingBytes: 65_536 },
      live: (live) =>
        withJoin(live, async (user) => {
          deliver();
          return live.join(user);
        }),
    });
    deliver = () => {
      const body = encodeBody({ from: "bob", to: "", content: "x".repeat(8_000) });
      for (let n = 0; n < 9; n++) gateway.listener.message("", { id: at(n), body });
    };
    const { upgrade, upgradeBody } = await requestBothWays(gateway, {
      authorization: `Bearer ${await gateway.token("alice")}`,
    });
    expect([upgrade.status, upgradeBody.code]).toEqual([503, "overloaded"]);
  });

  it("P5 P21: in a storm of joins, every client gets exactly the messages after its cursor, in order", async () => {
    const gateway = await startGateway();
    const sender = await connectClient(gateway, "sender");
    const refs = Array.from({ length: 150 }, (_, n) => `${n}`);
    const connecting: Promise<ChatClient>[] = [];
    for (const ref of refs) {
      sender.send({ content: ref, ref });
      if (Number(ref) % 3 === 0) connecting.push(connectClient(gateway, `user${Number(ref) % 10}`));
      await new Promise(setImmediate);
    }
    const clients = await Promise.all(connecting);
    await sender.waitFor("message", refs.length);
    for (const client of clients) {
      const { cursor } = await client.waitFor("ready");
      const expected = sender.framesOf("message").filter(({ id }) => id > cursor);
      await until(() => client.framesOf("message").length >= expected.length, "the expected messages");
      expect(client.framesOf("message")).toEqual(expected);
    }
    expect(clients.some((client) => client.framesOf("message").length < refs.length)).toBe(true);
  });

  it("P7: a user is subscribed to from the first of its connections to the last", async () => {
    const calls: string[] = [];
    const gateway = await startGateway({
      live: (live) => ({
        problem: () => live.problem(),
        join: (user) => {
          calls.push(`join ${user}`);
          return live.join(user);
        },
        leave: (user) => {
          calls.push(`leave ${user}`);
          live.leave(user);
        },
      }),
    });
    const first = await connectClient(gateway, "alice");
    const second = await connectClient(gateway, "alice");
    first.ws.close();
    await first.waitForClose();
    const bob = await connectClient(gateway, "bob");
    bob.send({ to: "alice", content: "still there?", ref: "1" });
    await second.waitFor("message");
    second.ws.close();
    await second.waitForClose();
    await until(() => calls.includes("leave alice"), "the leave");
    expect(calls).toEqual(["join alice", "join alice", "join bob", "leave alice"]);
  });

  it("P5 L18: a gap during the handshake invalidates the cursor, so the connection joins again", async () => {
    let joins = 0;
    let reportGap: () => void = () => undefined;
    const gateway = await startGateway({
      live: (live) =>
        withJoin(live, async (user) => {
          joins += 1;
          const cursor = await live.join(user);
          if (joins === 1) reportGap();
          return cursor;
        }),
    });
    reportGap = () => gateway.listener.gap("1700000000000-0000000000-00");
    const alice = await connectClient(gateway, "alice");
    expect(joins).toBe(2);
    expect(alice.frames.map(({ type }) => type)).toEqual(["ready"]);
  });
});
