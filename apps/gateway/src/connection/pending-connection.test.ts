import { until } from "@parley/async";
import { encodeBody, formatId } from "@parley/models";
import { describe, expect, it } from "vitest";
import { Chatter, chatter } from "../test/chat-client.ts";
import { type House, openHouse } from "../test/running-gateway.ts";

/** Ids beyond those that the log in memory gives out. */
const at = (n: number) => formatId({ ms: 9_000_000_000_000 + n, seq: 0 });
const urlOf = (house: House) => `ws://127.0.0.1:${house.port}/ws`;

/** The same request as an upgrade and as a plain GET: both must be answered alike (P3). */
async function bothWays(house: House, headers: Record<string, string>) {
  const upgrade = new Chatter(urlOf(house), [], headers);
  const refused = await until(() => upgrade.refused, "a refusal");
  const plain = await fetch(`http://127.0.0.1:${house.port}/ws`, { headers });
  return {
    upgrade: refused,
    plain,
    plainBody: JSON.parse(await plain.text()),
    upgradeBody: JSON.parse(refused.body),
  };
}

describe("joining", () => {
  it("P5 L17: what is heard between join and ready comes after ready, without what the cursor covers", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isSlow = false;
    let joins = 0;
    const house = await openHouse({
      live: (live) => ({
        ...{ leave: (user) => live.leave(user), problem: () => live.problem() },
        join: async (user) => {
          const slow = isSlow;
          const cursor = await live.join(user);
          joins += 1;
          if (slow) await gate;
          return cursor;
        },
      }),
    });
    const alice = await chatter(house, "alice");
    alice.say({ content: "before", ref: "0" });
    await alice.get("ack");
    isSlow = true;
    const bob = new Chatter(urlOf(house), ["chat.v1", `bearer.${await house.token("bob")}`]);
    await until(() => joins === 2, "the join");
    alice.say({ to: "bob", content: "private, meanwhile", ref: "1" });
    alice.say({ content: "public, meanwhile", ref: "2" });
    await alice.get("ack", 3);
    release();
    await bob.get("message", 2);
    alice.say({ content: "after", ref: "3" });
    await bob.get("message", 3);
    expect(bob.frames.map(({ type }) => type)).toEqual(["ready", "message", "message", "message"]);
    expect(bob.contents()).toEqual(["private, meanwhile", "public, meanwhile", "after"]);
    bob.ws.terminate();
  });

  it("L17: of what is heard on the way in, nothing at or below the cursor is sent", async () => {
    const said = (n: number) => ({ id: at(n), body: encodeBody({ from: "bob", to: "", content: `${n}` }) });
    let heard: (n: number) => void = () => undefined;
    const house = await openHouse({
      live: (live) => ({
        ...{ leave: (user) => live.leave(user), problem: () => undefined },
        join: async (user) => {
          await live.join(user);
          for (const n of [1, 2, 3]) heard(n);
          return at(2);
        },
      }),
    });
    heard = (n) => house.listener.message(n === 3 ? "alice" : "", said(n));
    const alice = await chatter(house, "alice");
    house.listener.message("", said(4));
    await alice.get("message", 2);
    expect(alice.contents()).toEqual(["3", "4"]);
  });

  it("G5: one who would have to hold too much on the way in is refused", async () => {
    let heard: () => void = () => undefined;
    const house = await openHouse({
      config: { maxPendingBytes: 65_536 },
      live: (live) => ({
        ...{ leave: (user) => live.leave(user), problem: () => undefined },
        join: async (user) => {
          heard();
          return live.join(user);
        },
      }),
    });
    heard = () => {
      const body = encodeBody({ from: "bob", to: "", content: "x".repeat(8_000) });
      for (let n = 0; n < 9; n++) house.listener.message("", { id: at(n), body });
    };
    const { upgrade, upgradeBody } = await bothWays(house, {
      authorization: `Bearer ${await house.token("alice")}`,
    });
    expect([upgrade.status, upgradeBody.code]).toEqual([503, "overloaded"]);
  });

  it("P5 P21: in a storm of joins, everyone gets exactly what comes after its cursor, in order", async () => {
    const house = await openHouse();
    const sender = await chatter(house, "sender");
    const refs = Array.from({ length: 150 }, (_, n) => `${n}`);
    const joining: Promise<Chatter>[] = [];
    for (const ref of refs) {
      sender.say({ content: ref, ref });
      if (Number(ref) % 3 === 0) joining.push(chatter(house, `user${Number(ref) % 10}`));
      await new Promise(setImmediate);
    }
    const joined = await Promise.all(joining);
    await sender.get("message", refs.length);
    for (const client of joined) {
      const { cursor } = await client.get("ready");
      const expected = sender.of("message").filter(({ id }) => id > cursor);
      await until(() => client.of("message").length >= expected.length, "what it should get");
      expect(client.of("message")).toEqual(expected);
    }
    expect(joined.some((client) => client.of("message").length < refs.length)).toBe(true);
  });

  it("P7: a user is listened for from the first of its connections to the last", async () => {
    const calls: string[] = [];
    const house = await openHouse({
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
    const first = await chatter(house, "alice");
    const second = await chatter(house, "alice");
    first.ws.close();
    await first.end();
    const bob = await chatter(house, "bob");
    bob.say({ to: "alice", content: "still there?", ref: "1" });
    await second.get("message");
    second.ws.close();
    await second.end();
    await until(() => calls.includes("leave alice"), "the leave");
    expect(calls).toEqual(["join alice", "join alice", "join bob", "leave alice"]);
  });

  it("P5 L18: a gap on the way in makes the cursor worthless: it joins again", async () => {
    let joins = 0;
    let hurt: () => void = () => undefined;
    const house = await openHouse({
      live: (live) => ({
        ...{ leave: (user) => live.leave(user), problem: () => undefined },
        join: async (user) => {
          joins += 1;
          const cursor = await live.join(user);
          if (joins === 1) hurt();
          return cursor;
        },
      }),
    });
    hurt = () => house.listener.gap("1700000000000-0000000000-00");
    const alice = await chatter(house, "alice");
    expect(joins).toBe(2);
    expect(alice.frames.map(({ type }) => type)).toEqual(["ready"]);
  });
});
