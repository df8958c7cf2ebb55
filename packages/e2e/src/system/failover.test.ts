import { setTimeout as delay } from "node:timers/promises";
import { inBackground, until } from "@parley/async";
import type { Message } from "@parley/models";
import { sentinelledRedis } from "@parley/testkit";
import { afterAll, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { describeSplit } from "../rig/shapes.ts";

const SENDERS = 6;

const group = await sentinelledRedis();
const env = { REDIS_URL: group?.url ?? "", DURABILITY: "replicated", RATE_LIMIT: "0" };

await describeSplit("a failover of Redis", { env }, ({ gateways, token, read, tryRead, stop }) => {
  /** Ids of the acknowledged messages, by ref. */
  const acked = new Map<string, string>();
  let sending = true;
  afterAll(async () => {
    sending = false;
    await stop();
    await group?.stop();
  });

  /**
   * Sends messages one by one. Repeats each message with the same ref until it is acknowledged (P31), and reconnects
   * if necessary.
   */
  async function send(sender: number): Promise<void> {
    const gateway = gateways[sender % 2 === 0 ? 0 : 1];
    const connect = async () => await ChatClient.connect(gateway, await token(`s${sender}`));
    let client = await connect();
    for (let n = 0; sending; n += 1) {
      const ref = `${sender}-${n}`;
      const ack = await until(async () => {
        if (client.socket.readyState !== client.socket.OPEN) client = await connect();
        return await client.send("", ref, ref);
      }, `an ack of ${ref}`);
      acked.set(ref, ack.id);
    }
    client.socket.terminate();
  }

  /**
   * Reads the room during the failover. Each answer must contain every message that was acknowledged before its
   * request (P56). A 503 and an answer that is cut off are no answers. Resolves with the number of answers.
   */
  async function readContinuously(): Promise<number> {
    let answers = 0;
    for (; sending; await delay(20)) {
      const before = [...acked.values()];
      const messages = await tryRead<Message[]>("reader", "/messages");
      if (!messages) continue;
      answers += 1;
      const there = new Set(messages.map(({ id }) => id));
      expect(before.filter((id) => !there.has(id))).toEqual([]);
    }
    return answers;
  }

  it("G1, P56: the master killed under load: no acknowledged message is lost, and every history answer holds them all", async () => {
    const senders = inBackground(Promise.all(Array.from({ length: SENDERS }, (_, sender) => send(sender))));
    const reading = inBackground(readContinuously());
    const more = (count: number) => {
      const enough = acked.size + count;
      return until(() => acked.size >= enough, `${count} more acks`, 60_000);
    };
    await more(100);
    const old = await group?.master();
    await old?.kill("SIGKILL");
    await more(100);
    await read("reader", "/messages");
    await more(50);
    sending = false;
    await senders;
    expect(await reading).toBeGreaterThan(2);
    expect(await group?.master()).not.toBe(old);
    const room = await read<Message[]>("reader", "/messages");
    const messages = room.filter(({ content }) => acked.has(content));
    expect(messages.map(({ content }) => content).toSorted()).toEqual([...acked.keys()].toSorted());
    expect(messages.filter(({ id, content }) => acked.get(content) !== id)).toEqual([]);
    expect(messages.map(({ id }) => id)).toEqual(messages.map(({ id }) => id).toSorted());
  });
});
