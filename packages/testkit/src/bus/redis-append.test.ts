import { until } from "@parley/async";
import { RedisBus } from "@parley/bus/redis";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { redisServer } from "../servers.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { codeOf, draft, idOf } from "./fixture.ts";
import { redisCommand } from "./redis-rig.ts";
import { TestPersister } from "./test-persister.ts";

const redis = await redisServer();

/** A gateway that connects through a proxy, and a persister that connects directly. */
async function gatewayBehindProxy(url: string) {
  await redisCommand(url, "FLUSHALL");
  const proxy = await startTcpProxy(Number(new URL(url).port));
  const gateway = new RedisBus({ url: proxy.url(url), appendTimeoutMs: 1_500, appendWaitMs: 10_000 });
  const persisterBus = new RedisBus({ url });
  const persister = new TestPersister(
    persisterBus.consume({ lastStored: async () => "0000000000000-0000000000-00" }),
  );
  persister.start();
  const append = gateway.append();
  await until(() => append.problem() === undefined, "the gateway is ready");
  const close = async () => {
    await gateway.close();
    await persister.stop();
    await persisterBus.close();
    await proxy.close();
  };
  return { proxy, append, persister, close };
}

const isAppend = (chunk: Buffer) => chunk.includes("\r\nevalsha\r\n") && chunk.includes('"content"');

describe.skipIf(!redis)("append over a network that fails", { timeout: 30_000 }, () => {
  const cleanup: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of cleanup.splice(0)) await close();
  });
  afterAll(() => redis?.stop());

  async function behindProxy() {
    if (!redis) throw new Error("skipped");
    const all = await gatewayBehindProxy(redis.url);
    cleanup.push(all.close);
    return all;
  }

  it("F8: a lost reply is no ack; a retry with the same refs gets the first ids and adds nothing", async () => {
    const { proxy, append, persister } = await behindProxy();
    await append.append([draft("alice", "", "loads the script")]);
    const drafts = ["a", "b", "c"].map((text) => draft("alice", "bob", text, text));
    const lost = proxy.loseNextReply(isAppend);
    expect((await append.append(drafts)).map(codeOf)).toEqual(drafts.map(() => "unavailable"));
    await lost;
    await until(() => persister.stored.size === 4, "the messages are stored all the same");
    const stored = [...persister.stored.values()].filter(({ to }) => to === "bob").map(({ id }) => id);
    expect((await append.append(drafts)).map(idOf)).toEqual(stored);
    expect((await append.append([draft("alice", "bob", "end")])).map(codeOf)).toEqual(["ok"]);
    await until(() => persister.stored.size === 5, "the last is stored");
  });

  it("L6: the gateway sends nothing twice: a message without a ref whose reply is lost is there once", async () => {
    const { proxy, append, persister } = await behindProxy();
    await append.append([draft("alice", "", "loads the script")]);
    for (let round = 1; round <= 5; round += 1) {
      const lost = proxy.loseNextReply(isAppend);
      expect((await append.append([draft("alice", "bob", `m${round}`)])).map(codeOf)).toEqual([
        "unavailable",
      ]);
      await lost;
      await until(async () => {
        const [result] = await append.append([draft("alice", "carol", `n${round}`, `n${round}`)]);
        return codeOf(result) === "ok";
      }, "the next goes through");
    }
    await until(() => persister.stored.size === 11, "all are stored");
    const contents = [...persister.stored.values()].map(({ content }) => content);
    expect(new Set(contents).size).toBe(contents.length);
  });

  it("L6: a silent link costs the time of one call, and waiting drafts go over a new connection", async () => {
    const { proxy, append, persister } = await behindProxy();
    const silent = proxy.links();
    proxy.set("both", "stall", (link) => silent.includes(link));
    const first = append.append([draft("alice", "", "first", "1")]);
    await new Promise(setImmediate);
    const second = append.append([draft("alice", "", "second", "2")]);
    expect((await first).map(codeOf)).toEqual(["unavailable"]);
    expect((await second).map(codeOf)).toEqual(["ok"]);
    const [again] = await append.append([draft("alice", "", "first", "1")]);
    expect(codeOf(again)).toBe("ok");
    await until(() => persister.stored.size === 2, "both are stored");
  });
});
