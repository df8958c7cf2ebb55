import { setTimeout as delay } from "node:timers/promises";
import { until } from "@parley/async";
import type { Message } from "@parley/models";
import { sentinelledRedis } from "@parley/testkit";
import { afterAll, expect, it } from "vitest";
import { Chatter } from "../rig/chat-client.ts";
import { describeSplit } from "../rig/shapes.ts";

const SENDERS = 6;

const group = await sentinelledRedis();
const env = { REDIS_URL: group?.url ?? "", DURABILITY: "replicated", RATE_LIMIT: "0" };

await describeSplit("a failover of Redis", { env }, ({ gateways, token, history, stop }) => {
  /** Id by ref of what was acknowledged. */
  const acked = new Map<string, string>();
  let sending = true;
  afterAll(async () => {
    await stop();
    await group?.stop();
  });

  /** One after the other, each again under its ref until it is acknowledged (P31), over whichever connection is open. */
  async function send(sender: number): Promise<void> {
    const gateway = gateways[sender % 2 === 0 ? 0 : 1];
    const connect = async () => await Chatter.connect(gateway, await token(`s${sender}`));
    let chatter = await connect();
    for (let n = 0; sending; n += 1) {
      const ref = `${sender}-${n}`;
      const ack = await until(async () => {
        if (chatter.socket.readyState !== chatter.socket.OPEN) chatter = await connect();
        return await chatter.send("", ref, ref);
      }, `an ack of ${ref}`);
      acked.set(ref, ack.id);
    }
    chatter.socket.terminate();
  }

  /** The whole room, or undefined where history says that it cannot answer now. */
  async function room(): Promise<Message[] | undefined> {
    const response = await history("reader", "/messages");
    if (response.status === 503) return undefined;
    expect(response.status).toBe(200);
    return (await response.json()) as Message[];
  }

  /** P56 while it happens: every answer holds what was acknowledged before its request. Says how many there were. */
  async function read(): Promise<number> {
    let answers = 0;
    for (; sending; await delay(20)) {
      const before = [...acked.values()];
      const messages = await room();
      if (!messages) continue;
      answers += 1;
      const there = new Set(messages.map(({ id }) => id));
      expect(before.filter((id) => !there.has(id))).toEqual([]);
    }
    return answers;
  }

  it("G1, P56: the master killed under load: acknowledged is kept, and every history answer holds it", async () => {
    const senders = Promise.all(Array.from({ length: SENDERS }, (_, sender) => send(sender)));
    const reading = read();
    const more = (count: number) => {
      const enough = acked.size + count;
      return until(() => acked.size >= enough || undefined, `${count} more acks`, 60_000);
    };
    await more(100);
    const old = await group?.master();
    await old?.kill("SIGKILL");
    await more(100);
    await until(room, "history answers again");
    await more(50);
    sending = false;
    await senders;
    expect(await reading).toBeGreaterThan(2);
    expect(await group?.master()).not.toBe(old);
    const messages = (await until(room, "history")).filter(({ content }) => acked.has(content));
    expect(messages.map(({ content }) => content).toSorted()).toEqual([...acked.keys()].toSorted());
    expect(messages.filter(({ id, content }) => acked.get(content) !== id)).toEqual([]);
    expect(messages.map(({ id }) => id)).toEqual(messages.map(({ id }) => id).toSorted());
  });
});
