import { sleep, until } from "@parley/async";
import type { Revocations } from "@parley/bus";
import { RedisBus } from "@parley/bus/redis";
import { ORIGIN, type RevocationEntry } from "@parley/models";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { redisServer } from "../servers.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { redisCommand } from "./redis-rig.ts";

const server = await redisServer();
const META = "{parley}:meta";
const HASH = "{parley}:revocations";

describe.skipIf(!server)("revocations over a real Redis", () => {
  const url = server?.url ?? "";
  let proxy: TcpProxy;
  let buses: RedisBus[] = [];
  const bus = (at = url) => {
    const one = new RedisBus({ url: at });
    buses.push(one);
    return one;
  };
  const command = (...args: readonly string[]) => redisCommand(url, ...args);
  const consume = (stored: readonly RevocationEntry[] = []) =>
    bus().consume({ lastStored: async () => ORIGIN, revocations: async () => stored });

  beforeEach(async () => {
    await command("FLUSHALL");
    proxy = await startTcpProxy(server?.port ?? 0);
  });
  afterEach(async () => {
    await Promise.all(buses.map((one) => one.close()));
    buses = [];
    await proxy.close();
  });
  afterAll(() => server?.stop());

  /** Ends all connections through the proxy, and lets no new one through. */
  function breakLink(): void {
    proxy.refuse(true);
    proxy.cut("rst");
  }

  /** Returns the revocations of a bus, once it has read them. */
  async function known(one: RedisBus): Promise<Revocations> {
    const revocations = one.revocations();
    await until(() => revocations.isCurrent(), "the revocations are known");
    return revocations;
  }

  it("L26: behind a cut link nothing is known for more than 2.5 s, and what is known comes with the link", async () => {
    consume();
    const near = await known(bus());
    const far = await known(bus(proxy.url(url)));
    breakLink();
    await near.revoke({ user: "bob", issuedBefore: 1_000 });
    const cutAt = performance.now();
    let currentForMs = 0;
    const isOutOfDate = () => {
      if (!far.isCurrent()) return true;
      currentForMs = performance.now() - cutAt;
      return false;
    };
    await until(isOutOfDate, "what is known is out of date");
    expect(currentForMs).toBeLessThan(3_000);
    await expect(far.refresh()).rejects.toMatchObject({ code: "unavailable" });
    expect(far.of("bob")).toBeUndefined();
    proxy.refuse(false);
    await until(() => far.isCurrent(), "the revocations are known again");
    expect(far.of("bob")).toEqual({ user: "bob", issuedBefore: 1_000 });
  });

  it("L26: after an interruption, revocations are known before missing messages are delivered", async () => {
    consume();
    const near = bus();
    const append = near.append();
    const revocations = await known(near);
    const listening = bus(proxy.url(url));
    const far = listening.revocations();
    const delivered: unknown[] = [];
    const live = listening.live({
      message: () => delivered.push(far.of("bob")),
      gap: () => undefined,
    });
    await until(() => live.problem() === undefined && append.problem() === undefined, "both are ready");
    await live.join("bob");
    breakLink();
    await until(() => live.problem() !== undefined, "the live stream is interrupted");
    await append.append([{ from: "alice", to: "bob", content: "secret" }]);
    await revocations.revoke({ user: "bob", issuedBefore: 1_000 });
    proxy.refuse(false);
    await until(() => delivered.length > 0, "the message is delivered");
    expect(delivered).toEqual([{ user: "bob", issuedBefore: 1_000 }]);
  });

  it("L26: a process that was frozen delivers and appends nothing before it knows what was revoked meanwhile", async () => {
    consume();
    const [operator, elsewhere, thawing] = [await known(bus()), bus(), bus()];
    const [sender, append] = [elsewhere.append(), thawing.append()];
    const revocations = await known(thawing);
    const got: unknown[] = [];
    const tell = () => void got.push(revocations.of("bob"));
    let missed = 0;
    const missedOne = () => {
      missed += 1;
    };
    const live = thawing.live({ message: tell, gap: () => undefined });
    const marks = thawing.raiseMarks({ mark: tell, missed: missedOne });
    const raising = elsewhere.raiseMarks({ mark: () => undefined, missed: () => undefined });
    const roles = [sender, append, live, marks, raising];
    await until(() => roles.every((role) => role.problem() === undefined) && missed === 1, "all are ready");
    await Promise.all([live.join("bob"), marks.join("bob")]);
    const [first] = await sender.append([{ from: "alice", to: "carol", content: "first" }]);
    await operator.revoke({ user: "bob", issuedBefore: 1_000 });
    // A minute passes at once, as if the process had been frozen since before the revocation.
    const now = performance.now.bind(performance);
    vi.spyOn(performance, "now").mockImplementation(() => now() + 60_000);
    const secret = { from: "alice", to: "bob", content: "secret" };
    const [[own]] = await Promise.all([
      append.append([{ ...secret, from: "bob" }]),
      sender.append([secret]),
      raising.raise([{ user: "bob", with: "", id: first?.ok ? first.id : "" }]),
    ]);
    await until(() => got.length > 0 && missed === 2, "what was missed comes");
    vi.restoreAllMocks();
    expect(own).toMatchObject({ ok: false, error: { code: "unavailable" } });
    for (const known of got) expect(known).toEqual({ user: "bob", issuedBefore: 1_000 });
  });

  it("L26: a revocation that Redis has lost in going back is still known, and comes back", async () => {
    consume();
    const [one, other] = [await known(bus()), await known(bus())];
    await one.revoke({ user: "early", issuedBefore: 1_000 });
    const before = await command("HGET", META, "revocations");
    await one.revoke({ user: "bob", issuedBefore: 2_000 });
    await until(() => other.of("bob") !== undefined, "the other process knows");
    // What a replica would have that became the master a moment too early.
    await command("HDEL", HASH, "t:bob");
    await command("HSET", META, "revocations", before.split("\r\n")[1] ?? "");
    await until(async () => (await command("HEXISTS", HASH, "t:bob")) === ":1\r\n", "it was written back");
    const late = await known(bus());
    for (const process of [one, other, late])
      expect(process.of("bob")).toEqual({ user: "bob", issuedBefore: 2_000 });
  });

  it("L26: a hash that was changed behind the back of a process is read although its number is the same", async () => {
    consume();
    const one = await known(bus());
    await one.revoke({ user: "bob", issuedBefore: 1_000 });
    const [, version = ""] = (await command("HGET", META, "revocations")).split("\r\n");
    const number = version.split("-")[0] ?? "";
    await command("HSET", HASH, "t:carol", `${number} 1000`);
    await command("HSET", META, "revocations", `${number}-another`);
    await until(() => one.of("carol") !== undefined, "the other hash is known");
  });

  it("L26: an entry that was deleted doesn't come back from a process or a store that still has it", async () => {
    consume();
    const one = await known(bus());
    await one.revoke({ user: "bob", issuedBefore: 1_000 });
    const stored = one.entries();
    const far = await known(bus(proxy.url(url)));
    expect(far.of("bob")).toBeDefined();
    breakLink();
    await one.allow("bob", ["tokens", "user"]);
    proxy.refuse(false);
    const consumer = consume(stored);
    await until(() => consumer.problem() === undefined, "the persister is connected");
    await until(() => far.of("bob") === undefined, "the deletion is known");
    expect(await one.list()).toEqual([]);
  });

  it("L26: a new log has the store's revocations from its first moment", async () => {
    const stored: RevocationEntry[] = [
      { kind: "tokens", user: "bob", value: 1_000, change: 7 },
      { kind: "user", user: "josé", value: Date.now() + 60_000, change: 8 },
      { kind: "user", user: "carol", value: 0, change: 9 },
    ];
    const watching = watchFirstHash();
    const consumer = consume(stored);
    expect(await watching).toContain("t:bob");
    const late = await known(bus());
    expect((await late.list()).map(({ user }) => user)).toEqual(["bob", "josé"]);
    await late.revoke({ user: "dave", issuedBefore: 5 });
    await command("FLUSHALL");
    const hasDave = async () => (await command("HEXISTS", HASH, "t:dave")) === ":1\r\n";
    await until(async () => {
      // A persister that finds no log creates it again.
      await consumer.trim().catch(() => undefined);
      return await hasDave();
    }, "the log is back, and a process has written its own entry back");
    expect(await command("HGET", HASH, "b:carol")).toContain("9 0");
  });

  /** Returns the fields of the hash in the transaction that first sees the log. */
  async function watchFirstHash(): Promise<string> {
    const read = "return {redis.call('EXISTS', KEYS[1]), redis.call('HKEYS', KEYS[2])}";
    for (;;) {
      const reply = await command("EVAL", read, "2", "{parley}:log", HASH);
      if (reply.startsWith("*2\r\n:1")) return reply;
      await sleep(1);
    }
  }
});
