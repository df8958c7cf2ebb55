import { inBackground, until } from "@parley/async";
import type { LogTail } from "@parley/bus";
import { idAfter, positionOf } from "@parley/models";
import { describe, expect, it } from "vitest";
import { type BusFixture, draft, idOf, send, type WithBus } from "./fixture.ts";

const open = new AbortController().signal;

export function describeTail(withBus: WithBus): void {
  describe("tail", () => {
    it(
      "L22: the position covers everything acknowledged before the call",
      withBus(async ({ append, tail }) => {
        for (let i = 0; i < 20; i += 1) {
          const id = await send(append, draft("alice", "", `m${i}`));
          expect((await tail.position()) >= id).toBe(true);
        }
      }),
    );

    it(
      "L19: from any watermark, each acknowledged message is in the tail or stored when the read returns",
      withBus(async (fixture) => {
        const { append, tail, persister } = fixture;
        const acked: string[] = [];
        let ending = false;
        const appendAll = async () => {
          for (let i = 0; !ending; i += 1) {
            const drafts = [draft("alice", "bob", `p${i}`), draft("bob", "", `q${i}`)];
            acked.push(...(await append.append(drafts)).map(idOf));
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        };
        const load = inBackground(appendAll());
        for (let round = 1; round <= 15; round += 1) {
          await until(() => acked.length >= round * 8, "more messages are acknowledged");
          const from = await tail.watermark();
          const known = [...acked];
          const end = await tail.position();
          const { ids, stored } = await follow(tail, from, end, persister.stored);
          expect(known.filter((id) => !ids.has(id) && !stored.has(id))).toEqual([]);
          expect([...ids]).toEqual([...ids].sort());
        }
        ending = true;
        await load;
        expect(acked.length).toBeGreaterThan(100);
      }),
    );

    it(
      "L12: everything up to the watermark is stored, and it reaches the position once all is stored",
      withBus(async ({ append, tail, persister }) => {
        let failures = 0;
        persister.decide = ({ deliveries }) => {
          if (deliveries > 1 || failures > 5) return undefined;
          failures += 1;
          return { kind: "failed", reason: "not now" };
        };
        const sent = new Set<string>();
        const sendAll = async () => {
          for (let i = 0; i < 30; i += 1) sent.add(await send(append, draft("alice", "", `m${i}`)));
        };
        const sending = inBackground(sendAll());
        await until(
          async () => {
            const watermark = await tail.watermark();
            const missing = [...sent].filter((id) => id <= watermark && !persister.stored.has(id));
            expect(missing).toEqual([]);
            expect(watermark <= (await tail.position())).toBe(true);
            return persister.stored.size === 30;
          },
          "all is stored",
          30_000,
        );
        await sending;
        expect(failures).toBeGreaterThan(0);
        await until(
          async () => (await tail.watermark()) === (await tail.position()),
          "the watermark reaches the position",
        );
      }),
      40_000,
    );

    it(
      "read waits for a message, and returns without one after a while",
      withBus(async ({ append, tail }) => {
        await send(append, draft("alice", "", "before"));
        const end = await tail.position();
        const nothing = await tail.read(end, open);
        expect(nothing).toEqual({ kind: "read", entries: [], position: end });
        const waiting = tail.read(end, open);
        const id = await send(append, draft("alice", "", "after"));
        expect(await waiting).toMatchObject({ kind: "read", position: id });
      }),
    );

    it(
      "L3: a position beyond the end belongs to another log and is lost",
      withBus(async ({ append, tail }) => {
        await send(append, draft("alice", "", "x"));
        expect(await tail.read(idAfter(await tail.position()), open)).toEqual({ kind: "lost" });
      }),
    );

    it(
      "read rejects when its signal is aborted and after close",
      withBus(async ({ tail, bus }) => {
        const end = await tail.position();
        const stop = new AbortController();
        const waiting = tail.read(end, stop.signal);
        stop.abort();
        await expect(waiting).rejects.toThrow();
        await expect(tail.read(end, stop.signal)).rejects.toThrow();
        await bus.history.close();
        await expect(tail.position()).rejects.toMatchObject({ code: "unavailable" });
        await expect(tail.read(end, open)).rejects.toMatchObject({ code: "unavailable" });
      }),
    );
  });
}

/** Reads the ids of the tail from `from` to at least `end`. Also returns those of the messages that were stored by then. */
async function follow(
  tail: LogTail,
  from: string,
  end: string,
  stored: BusFixture["persister"]["stored"],
): Promise<{ ids: Set<string>; stored: Set<string> }> {
  const ids = new Set<string>();
  let position = from;
  while (position < end) {
    const read = await tail.read(position, open);
    if (read.kind === "lost") throw new Error("the tail was lost");
    for (const entry of read.entries) ids.add(positionOf(entry));
    position = read.position;
  }
  return { ids, stored: new Set(stored.keys()) };
}
