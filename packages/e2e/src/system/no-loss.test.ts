import { until } from "@parley/async";
import type { Message } from "@parley/models";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { describeSplit } from "../rig/shapes.ts";

/** Persisters trim stored entries beyond this size whatever their age, so in this test they trim the log early. */
const KEPT_BYTES = 8_192;
const MESSAGES = 3_000;
const SENDERS = 20;

/** Runs `work` for 0 to `count - 1`, at most `width` at a time. */
async function inParallel(
  count: number,
  width: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let index = next++; index < count; index = next++) await work(index);
    }),
  );
}

const options = {
  persisters: 2,
  env: { RATE_LIMIT: "0" },
  persisterEnv: { BACKLOG_MAX_BYTES: String(KEPT_BYTES) },
};

await describeSplit("nothing acknowledged is lost", options, (deployment) => {
  const { gateways, redis, persisters, historyApi, token, read, stop } = deployment;
  const acked = new Map<string, string>();
  const log = new Redis(redis.url, { lazyConnect: true });
  let senders: ChatClient[];

  beforeAll(async () => {
    senders = await Promise.all(
      Array.from({ length: SENDERS }, async (_, n) =>
        ChatClient.connect(gateways[n % 2 === 0 ? 0 : 1], await token(`s${n}`)),
      ),
    );
  });
  afterAll(async () => {
    log.disconnect();
    for (const { socket } of senders ?? []) socket.terminate();
    await stop();
  });

  it("G1, G2, F1: 3,000 messages through two gateways with a persister killed half way are all stored once, in log order", async () => {
    await inParallel(MESSAGES, SENDERS * 10, async (n) => {
      if (n === MESSAGES / 2) await persisters[0]?.kill("SIGKILL");
      const sender = senders[n % SENDERS] as ChatClient;
      const { id } = await sender.send("", `message ${n}`);
      acked.set(id, `message ${n}`);
    });
    expect(acked.size).toBe(MESSAGES);

    // The next answer contains every message, even if the persisters haven't stored all of them yet (P56).
    const room = await read<Message[]>("reader", "/messages");
    expect(new Map(room.map(({ id, content }) => [id, content]))).toEqual(acked);
    expect(room).toHaveLength(MESSAGES);
    expect(room.map(({ id }) => id)).toEqual([...acked.keys()].toSorted());
  });

  it("P21: each sender has seen all of them once and in that order", async () => {
    const order = [...acked.keys()].toSorted();
    for (const sender of senders) {
      // On a busy machine a gateway may lose the live messages for so long that the log, which is trimmed early here, lacks some.
      // It says so (P23). What was seen is in order nevertheless.
      const isTold = () => sender.frames.some(({ type }) => type === "sync");
      await sender.until(() => sender.messages.length >= MESSAGES || isTold() || undefined);
      const seen = sender.messages.map(({ id }) => id);
      const has = new Set(seen);
      expect(seen).toEqual(isTold() ? order.filter((id) => has.has(id)) : order);
    }
  });

  it("P56: with every persister stopped a message is in the next answer, and only once after they are back", async () => {
    await persisters[0]?.restart();
    for (const persister of persisters) await persister.kill("SIGSTOP");
    const { id } = await (senders[0] as ChatClient).send("s1", "while nobody stores");
    const conversation = () => read<Message[]>("s1", "/messages/s0");
    expect((await conversation()).map((message) => message.id)).toEqual([id]);
    for (const persister of persisters) await persister.kill("SIGCONT");
    await (senders[0] as ChatClient).send("s1", "stored again");
    const contents = (await conversation()).map(({ content }) => content);
    expect(contents).toEqual(["while nobody stores", "stored again"]);
  });

  it("P56, L21: a history-api that was frozen while the log was trimmed answers completely afterwards", async () => {
    await historyApi.kill("SIGSTOP");
    await inParallel(200, 10, async (n) => {
      const { id } = await (senders[n % SENDERS] as ChatClient).send("", `in the dark ${n}`);
      acked.set(id, `in the dark ${n}`);
    });
    await until(async () => (await log.xlen("{parley}:log")) < 100, "the log to be trimmed");
    await historyApi.kill("SIGCONT");
    const newest = await read<Message[]>("reader", "/messages?limit=200");
    expect(newest.map(({ id }) => id)).toEqual([...acked.keys()].toSorted().slice(-200));
  });
});
