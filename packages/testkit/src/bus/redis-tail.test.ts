import { inBackground, until } from "@parley/async";
import type { TailRead } from "@parley/bus";
import { positionOf } from "@parley/models";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { redisServer } from "../servers.ts";
import { contentOf, draft, expectLag, idOf, send } from "./fixture.ts";
import { Load } from "./load.ts";
import { allStored, type RedisRig, redisRig } from "./redis-rig.ts";

const redis = await redisServer();
const open = new AbortController().signal;
const LOG = "{parley}:log";

describe.skipIf(!redis)("RedisLogTail under faults", { timeout: 60_000 }, () => {
  let rig: RedisRig;
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    if (redis) rig = await redisRig(redis);
  });
  afterEach(() => rig.close());

  const contents = (read: TailRead) =>
    read.kind === "read" ? read.entries.map((entry) => contentOf({ entry })) : [];
  const reached = (read: TailRead) => (read.kind === "read" ? read.position : "");

  it("L21: a follower that was frozen past a trim gets `lost` and continues at the watermark", async () => {
    const from = await rig.tail.position();
    await rig.append.append(Array.from({ length: 20 }, (_, i) => draft("ann", "", `${i}`)));
    expect(contents(await rig.tail.read(from, open)).length).toBe(20);
    await until(() => allStored(rig.tail), "all is stored");
    await rig.trim();
    expect(await rig.tail.read(from, open)).toEqual({ kind: "lost" });
    const watermark = await rig.tail.watermark();
    await send(rig.append, draft("ann", "", "next"));
    expect(contents(await rig.tail.read(watermark, open))).toEqual(["next"]);
  });

  it("L21: if the log is trimmed at any moment during a read, the result is complete or lost", async () => {
    const load = new Load(rig.append);
    let trims = 0;
    let ending = false;
    const trim = async () => {
      while (!ending) trims += (await rig.trim()).backlogEntries >= 0 ? 1 : 0;
    };
    const trimming = inBackground(trim());
    let position = await rig.tail.watermark();
    const reads: { after: string; upTo: string; ids: readonly string[] }[] = [];
    let lost = 0;
    for (let round = 0; reads.length < 60 || lost < 3; round += 1) {
      // In every tenth round the reader falls behind, so that a trim may overtake it. Otherwise it keeps up.
      if (round % 10 === 0) await load.more(10);
      const read = await rig.tail.read(position, open);
      if (read.kind === "lost") {
        lost += 1;
        position = await rig.tail.watermark();
      } else {
        reads.push({ after: position, upTo: read.position, ids: read.entries.map(positionOf) });
        position = read.position;
      }
    }
    ending = true;
    await trimming;
    const sent = (await load.end(100)).map(({ id }) => id);
    for (const { after, upTo, ids } of reads) {
      expect(ids).toEqual(sent.filter((id) => id > after && id <= upTo));
    }
    expect(trims).toBeGreaterThan(10);
    expect(reads.filter(({ ids }) => ids.length > 0).length).toBeGreaterThan(10);
  });

  it("L3: after the log was replaced reads are lost, even if the new log has grown past the follower", async () => {
    const from = await rig.tail.position();
    await send(rig.append, draft("ann", "", "old"));
    const position = reached(await rig.tail.read(from, open));
    await rig.command("FLUSHALL");
    await until(
      async () => (await rig.append.append([draft("ann", "", "new")]))[0]?.ok ?? false,
      "the new log is there",
    );
    expect((await rig.tail.position()) > position).toBe(true);
    expect(await rig.tail.read(position, open)).toEqual({ kind: "lost" });
    const again = await rig.tail.read(await rig.tail.watermark(), open);
    expect(again.kind).toBe("read");
  });

  it("L10: the position never goes past an entry of a later version, and does once it is gone", async () => {
    const from = await rig.tail.position();
    const first = await send(rig.append, draft("ann", "", "first"));
    const added = await rig.command("XADD", LOG, "*", "v", "2", "k", "member", "m", '"from":"ann"');
    const position = added.split("\r\n")[1] ?? "";
    await send(rig.append, draft("ann", "", "second"));
    const unknown = { position, version: "2", what: "member" };
    const read = await rig.tail.read(from, open);
    expect(read).toMatchObject({ kind: "read", entries: [{ id: first }], position: first, unknown });
    expect(await rig.tail.read(first, open)).toEqual({
      kind: "read",
      entries: [],
      position: first,
      unknown,
    });
    expect((await rig.tail.position()) > first).toBe(true);
    await rig.command("XDEL", LOG, position);
    expect(contents(await rig.tail.read(first, open))).toEqual(["second"]);
  });

  it("L10: undecodable entries are skipped, and the position reaches the end", async () => {
    const from = await rig.tail.position();
    await send(rig.append, draft("ann", "", "first"));
    await rig.command("XADD", LOG, "*", "v", "1", "m", "rubbish");
    const id = await send(rig.append, draft("ann", "", "second"));
    await rig.command("XADD", LOG, "*", "what", "ever");
    const end = await rig.tail.position();
    expect(end > id).toBe(true);
    const read = await rig.tail.read(from, open);
    expect([contents(read), reached(read)]).toEqual([["first", "second"], end]);
    expect(contents(await rig.tail.read(reached(read), open))).toEqual([]);
  });

  it("L22: the position reaches the end although the last entries were deleted by hand", async () => {
    const from = await rig.tail.position();
    await send(rig.append, draft("ann", "", "first"));
    const entry = await rig.command("XADD", LOG, "*", "what", "ever");
    await rig.command("XDEL", LOG, entry.split("\r\n")[1] ?? "");
    const end = await rig.tail.position();
    const read = await rig.tail.read(from, open);
    expect([contents(read), reached(read)]).toEqual([["first"], end]);
  });

  it("returns more than one batch in several reads, in order", async () => {
    const from = await rig.tail.position();
    const sent = await rig.append.append(Array.from({ length: 1_234 }, (_, i) => draft("ann", "", `${i}`)));
    const got: string[] = [];
    let position = from;
    while (position < idOf(sent.at(-1))) {
      const read = await rig.tail.read(position, open);
      if (read.kind === "lost") throw new Error("lost");
      got.push(...read.entries.map(positionOf));
      position = read.position;
    }
    expect(got).toEqual(sent.map(idOf));
  });

  it("F6: while Redis is down reads are unavailable; after its restart they go on where they stopped", async () => {
    const from = await rig.tail.position();
    await send(rig.append, draft("ann", "", "before"));
    const position = reached(await rig.tail.read(from, open));
    await rig.server.kill("SIGKILL");
    await expect(rig.tail.position()).rejects.toMatchObject({ code: "unavailable" });
    await expect(rig.tail.read(position, open)).rejects.toMatchObject({ code: "unavailable" });
    await until(() => rig.tail.problem() !== undefined, "the problem is reported");
    await rig.server.restart();
    await until(() => !rig.tail.problem() && !rig.append.problem(), "all roles are up", 20_000);
    await send(rig.append, draft("ann", "", "after"));
    expect(contents(await rig.tail.read(position, open))).toEqual(["after"]);
  });

  it("F5: while Redis stalls, position and read are unavailable in bounded time", async () => {
    const from = await rig.tail.position();
    await rig.server.kill("SIGSTOP");
    const started = performance.now();
    await expect(rig.tail.position()).rejects.toMatchObject({ code: "unavailable" });
    await expect(rig.tail.watermark()).rejects.toMatchObject({ code: "unavailable" });
    await expect(rig.tail.read(from, open)).rejects.toMatchObject({ code: "unavailable" });
    expect(performance.now() - started).toBeLessThan(20_000);
    await rig.server.kill("SIGCONT");
    await until(() => !rig.tail.problem(), "the connection is back", 20_000);
    expect(reached(await rig.tail.read(from, open))).toBe(from);
  });

  it("L12: without any persister the backlog, its age and the dead letters are still known", async () => {
    await send(rig.append, draft("ann", "", "stored"));
    await rig.command("XADD", LOG, "*", "what", "ever");
    await until(async () => (await rig.tail.state()).deadLetters === 1, "there is a dead letter");
    await until(() => allStored(rig.tail), "all is stored");
    await rig.bus.persister.close();
    expect(await rig.tail.state()).toMatchObject({ backlogEntries: 0, lagMs: 0 });
    const id = await send(rig.append, draft("ann", "", "waits"));
    await until(async () => (await rig.tail.state()).lagMs > 20, "the message gets older");
    await expectLag(id, () => rig.tail.state());
    expect(await rig.tail.state()).toMatchObject({ end: id, backlogEntries: 1, deadLetters: 1 });
  });

  it("without a log everything is unavailable, and the connections stay open", async () => {
    await rig.bus.persister.close();
    await rig.command("FLUSHALL");
    for (let i = 0; i < 3; i += 1) {
      await expect(rig.tail.position()).rejects.toMatchObject({ code: "unavailable" });
      await expect(rig.tail.watermark()).rejects.toMatchObject({ code: "unavailable" });
      await expect(rig.tail.state()).rejects.toMatchObject({ code: "unavailable" });
    }
    expect(rig.tail.problem()).toBeUndefined();
  });
});
