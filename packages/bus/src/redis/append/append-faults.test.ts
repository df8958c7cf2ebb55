import { inBackground, until } from "@parley/async";
import { ORIGIN } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Appender } from "../../appender.ts";
import type { BusEvent } from "../../events.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { LOG } from "../test/names.ts";
import { codeOf, idOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();
/** Of calls to a stopped server. Long, because answers in time are expected too, and a busy machine may be slow. */
const TIMEOUT_MS = 1_500;

async function appender({ bus }: Rig, options?: Parameters<Rig["bus"]>[0]): Promise<Appender> {
  const consume = bus().consume({ lastStored: async () => ORIGIN });
  const append = bus(options).append();
  await until(() => !consume.problem() && !append.problem(), "the log exists");
  return append;
}

const isUp = (event: BusEvent) => event.type === "connection" && event.up;
const appendsOf = (events: readonly BusEvent[]) => events.filter((event) => event.type === "append");

describe.skipIf(!rig)("append while Redis is unavailable", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(async () => {
    await redis.server.kill("SIGCONT");
    await redis.reset();
  });
  afterAll(() => redis.stop());

  it("L6: no ack without an answer; if the call ran all the same, the retry finds its message", async () => {
    const append = await appender(redis, { appendTimeoutMs: TIMEOUT_MS });
    await redis.server.kill("SIGSTOP");
    const drafts = [publicDraft("a", "a"), publicDraft("b", "b")];
    expect((await append.append(drafts)).map(codeOf)).toEqual(["unavailable", "unavailable"]);
    expect(append.problem()).toBeDefined();
    await redis.server.kill("SIGCONT");
    // The client has closed the socket, but the server still reads the call from it and runs it.
    await until(async () => (await redis.raw.xlen(LOG)) === 2, "the call has run");
    const ids = (await append.append(drafts)).map(idOf);
    const entries = await redis.raw.xrange(LOG, "-", "+");
    expect(entries.length).toBe(2);
    expect(new Set(ids).size).toBe(2);
    expect(append.problem()).toBeUndefined();
  });

  it("L6: while a call is unanswered the next drafts wait, and are sent on a new connection", async () => {
    const append = await appender(redis, { appendTimeoutMs: TIMEOUT_MS });
    const before = redis.events.length;
    await redis.server.kill("SIGSTOP");
    const first = append.append([publicDraft("first")]);
    await new Promise(setImmediate);
    const second = append.append([publicDraft("second", "s")]);
    expect((await first).map(codeOf)).toEqual(["unavailable"]);
    await redis.server.kill("SIGCONT");
    expect((await second).map(codeOf)).toEqual(["ok"]);
    const events = redis.events.slice(before).filter((e) => e.type === "append" || e.type === "connection");
    expect(events).toMatchObject([
      { type: "connection", role: "append", up: false },
      { type: "append", drafts: 1, unknown: 1 },
      { type: "connection", role: "append", up: true },
      { type: "append", drafts: 1, unknown: 0 },
    ]);
  });

  it("P13: after a timeout the calls in flight are unknown, and the other drafts are appended in order", async () => {
    const append = await appender(redis, { appendTimeoutMs: TIMEOUT_MS });
    const before = redis.events.length;
    await redis.server.kill("SIGSTOP");
    const sent = Array.from({ length: 1_000 }, (_, i) => append.append([publicDraft(`${i}`, `${i}`)]));
    const last = sent.at(-1);
    await sent[0];
    await redis.server.kill("SIGCONT");
    await last;
    const codes = (await Promise.all(sent)).flat().map(codeOf);
    expect(codes.at(-1)).toBe("ok");
    // Calls are unknown as a whole: at most four of 128 drafts, and fewer if this process was slow to make them.
    const events = redis.events.slice(before);
    const lost = appendsOf(events.slice(0, events.findIndex(isUp)));
    expect(lost).toMatchObject(lost.map(() => ({ drafts: 128, unknown: 128 })));
    expect([1, 2, 3, 4]).toContain(lost.length);
    expect(codes).toEqual(
      appendsOf(events).flatMap(({ drafts, unknown }) =>
        Array.from({ length: drafts }, () => (unknown ? "unavailable" : "ok")),
      ),
    );
    // The server may have run the calls that it got over the old socket too. Then retries find their messages.
    const retried = () => Promise.all(sent.map((_, i) => append.append([publicDraft(`${i}`, `${i}`)])));
    await until(async () => (await retried()).flat().every(({ ok }) => ok), "all retries are acknowledged");
    const contents = (await redis.raw.xrange(LOG, "-", "+")).map(([, fields]) =>
      Number(/"content":"(\d+)"/.exec(fields[3] ?? "")?.[1]),
    );
    expect(contents.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
    const acked = contents.filter((content) => codes[content] === "ok");
    expect(acked).toEqual(acked.toSorted((a, b) => a - b));
  });

  it("P13: a server that has lost the script runs none of the calls in flight, and gets the script again", async () => {
    const append = await appender(redis);
    await redis.raw.script("FLUSH");
    const sent = Array.from({ length: 500 }, (_, i) => append.append([publicDraft(`${i}`)]));
    const codes = (await Promise.all(sent)).flat().map(codeOf);
    expect(codes.slice(0, 128)).toEqual(codes.slice(0, 128).map(() => "unavailable"));
    expect(codeOf((await append.append([publicDraft("last")]))[0])).toBe("ok");
    expect(await redis.raw.xlen(LOG)).toBe(codes.filter((code) => code === "ok").length + 1);
  });

  it("L6: a server that became a replica is left, and acknowledges nothing, not even a duplicate", async () => {
    const append = await appender(redis);
    const draft = publicDraft("a", "a");
    const [first] = await append.append([draft]);
    const before = redis.events.length;
    try {
      await redis.raw.call("REPLICAOF", "127.0.0.1", "1");
      expect((await append.append([publicDraft("b"), draft])).map(codeOf)).toEqual([
        "unavailable",
        "unavailable",
      ]);
      expect(redis.events.slice(before)).toContainEqual(
        expect.objectContaining({ type: "connection", role: "append", up: false }),
      );
      await until(() => append.problem()?.includes("replica"), "the problem names the replica");
    } finally {
      await redis.raw.call("REPLICAOF", "NO", "ONE");
    }
    await until(() => !append.problem(), "the server is a master again");
    expect(await append.append([draft])).toEqual([first]);
  });

  it("L6: a draft waits for a connection only for its maximum time", async () => {
    const append = await appender(redis, { appendTimeoutMs: 200, appendWaitMs: 400 });
    await redis.server.kill("SIGKILL");
    await until(() => append.problem(), "the lost connection is noticed");
    const started = performance.now();
    expect((await append.append([publicDraft("x", "r")])).map(codeOf)).toEqual(["unavailable"]);
    expect(performance.now() - started).toBeGreaterThan(350);
    // Less than the default.
    expect(performance.now() - started).toBeLessThan(4_900);
    await redis.server.restart();
    await until(
      async () => codeOf((await append.append([publicDraft("x", "r")]))[0]) === "ok",
      "the draft is appended",
    );
    expect(await redis.raw.xlen(LOG)).toBe(1);
  });

  it("G5: the queue is bounded; further drafts are unavailable at once, with a time to retry", async () => {
    const append = await appender(redis, { appendTimeoutMs: 300, appendWaitMs: 1_000 });
    await redis.server.kill("SIGSTOP");
    // Many senders, because a single one could fill only its share of the queue.
    const drafts = Array.from({ length: 17_000 }, (_, i) => ({ ...publicDraft(`m${i}`), from: `s${i}` }));
    const sent = drafts.map((draft) => append.append([draft]));
    const [last] = (await sent.at(-1)) ?? [];
    expect(last?.ok === false && last.error.retryAfterMs).toBeGreaterThan(0);
    const all = (await Promise.all(sent)).flat();
    expect(new Set(all.map(codeOf))).toEqual(new Set(["unavailable"]));
    const rejected = all.filter((one) => !one.ok && one.error.retryAfterMs !== undefined).length;
    expect(rejected).toBe(17_000 - 16_384);
  });

  it("G5: while Redis stalls, one sender fills only its share of the queue, and drafts of others wait", async () => {
    const append = await appender(redis, { appendTimeoutMs: 2_000, appendWaitMs: 5_000 });
    await redis.server.kill("SIGSTOP");
    const greedy = append.append(Array.from({ length: 10_000 }, (_, i) => publicDraft(`m${i}`)));
    const others = append.append([1, 2, 3].map((i) => ({ ...publicDraft("x"), from: `s${i}` })));
    await redis.server.kill("SIGCONT");
    expect((await others).map(codeOf)).toEqual(["ok", "ok", "ok"]);
    const codes = (await greedy).map(codeOf);
    const refused = codes.filter((code) => code === "unavailable").length;
    expect([codes.length - refused, codes.lastIndexOf("ok")]).toEqual([9_102, 9_101]);
    const events = redis.events.filter((event) => event.type === "over-share" && event.of === "queue");
    expect(events.length).toBe(refused);
  });

  it("G1: acknowledged messages survive a crash", async () => {
    const append = await appender(redis);
    const acked: string[] = [];
    const sending = inBackground(
      Promise.all(
        Array.from({ length: 2_000 }, async (_, i) => {
          const [result] = await append.append([publicDraft(`m${i}`, `r${i}`)]);
          if (result?.ok) acked.push(result.id);
        }),
      ),
    );
    await until(() => acked.length > 200, "some are acknowledged");
    await redis.server.kill("SIGKILL");
    await redis.server.restart();
    await sending;
    const bodies = new Set((await redis.raw.xrange(LOG, "-", "+")).map(([, fields]) => fields[3]));
    expect(bodies.size).toBe(await redis.raw.xlen(LOG));
    expect(await redis.raw.xlen(LOG)).toBeGreaterThanOrEqual(acked.length);
    const ids = new Set((await redis.raw.xrange(LOG, "-", "+")).map(([id]) => id));
    expect(acked.filter((id) => !ids.has(streamIdOf(id)))).toEqual([]);
  });

  it("F16: no ack on a full disk, and acknowledged messages are there once there is room again", async () => {
    const small = await startRig({ wrap: ["sh", "-c", 'trap "" XFSZ; ulimit -f 1024; exec "$@"', "sh"] });
    if (!small) throw new Error("Redis is no longer available");
    try {
      const append = await appender(small, { appendWaitMs: 200, appendTimeoutMs: TIMEOUT_MS });
      const acked: string[] = [];
      for (let full = false; !full; ) {
        const results = await append.append(Array.from({ length: 50 }, () => publicDraft("x".repeat(1_000))));
        full = results.some((result) => !result.ok);
        acked.push(...results.flatMap((result) => (result.ok ? [result.id] : [])));
      }
      expect(acked.length).toBeGreaterThan(100);
      await small.server.restart({ wrap: [] });
      const ids = new Set((await small.raw.xrange(LOG, "-", "+")).map(([id]) => id));
      expect(acked.filter((id) => !ids.has(streamIdOf(id)))).toEqual([]);
    } finally {
      await small.stop();
    }
  });
});
