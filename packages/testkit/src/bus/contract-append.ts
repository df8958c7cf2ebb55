import { until } from "@parley/async";
import { timestampOf } from "@parley/models";
import { describe, expect, it } from "vitest";
import { codeOf, draft, idOf, send, type WithBus } from "./fixture.ts";

export function describeAppend(withBus: WithBus): void {
  describe("append", () => {
    it(
      "L1: ids increase in the order of the drafts, within one call and over concurrent calls",
      withBus(async ({ append }) => {
        const calls = [];
        for (let i = 0; i < 50; i += 1) {
          calls.push(append.append([draft("alice", "bob", `a${i}`), draft("alice", "", `b${i}`)]));
        }
        const ids = (await Promise.all(calls)).flat().map(idOf);
        expect(ids).toEqual([...new Set(ids)].sort());
        expect(ids.length).toBe(100);
      }),
    );

    it(
      "L2: an id's time is the time of its append",
      withBus(async ({ append }) => {
        const before = Date.now();
        const at = Date.parse(timestampOf(await send(append, draft("alice", "", "x"))));
        expect(at).toBeGreaterThanOrEqual(before - 1);
        expect(at).toBeLessThanOrEqual(Date.now() + 1);
      }),
    );

    it(
      "returns one result per draft, in order, and none for no drafts",
      withBus(async ({ append }) => {
        await send(append, draft("alice", "bob", "first", "r"));
        const results = await append.append([
          draft("alice", "bob", "other", "r"),
          draft("alice", "bob", "new", "s"),
          draft("alice", "bob", "third"),
        ]);
        expect(results.map(codeOf)).toEqual(["ref_reused", "ok", "ok"]);
        expect(await append.append([])).toEqual([]);
      }),
    );

    it(
      "L5: the same ref and content gets the first id and stays one message",
      withBus(async ({ append, persister, delivered, live }) => {
        await live.join("bob");
        const first = await send(append, draft("alice", "bob", "once", "r"));
        expect(await send(append, draft("alice", "bob", "once", "r"))).toBe(first);
        const last = await send(append, draft("alice", "bob", "end"));
        await until(
          () => persister.stored.has(last) && delivered.at(-1)?.id === last,
          "both are stored and delivered",
        );
        expect([...persister.stored.keys()]).toEqual([first, last]);
        expect(delivered.map(({ id }) => id)).toEqual([first, last]);
      }),
    );

    it(
      "L5: the same ref while the first draft is in flight, in one call or two, stays one message",
      withBus(async ({ append, persister, delivered, live }) => {
        await live.join("bob");
        const one = draft("alice", "bob", "once", "r");
        const results = (await Promise.all([append.append([one, one]), append.append([one])])).flat();
        const [first] = results.map(idOf);
        expect(results.map(idOf)).toEqual([first, first, first]);
        const other = await append.append([draft("alice", "bob", "x", "s"), draft("alice", "bob", "y", "s")]);
        expect(other.map(codeOf)).toEqual(["ok", "ref_reused"]);
        const x = idOf(other[0]);
        await until(
          () => persister.stored.has(x) && delivered.at(-1)?.id === x,
          "both are stored and delivered",
        );
        expect([...persister.stored.keys()]).toEqual([first, x]);
        expect(delivered.map(({ content }) => content)).toEqual(["once", "x"]);
      }),
    );

    it(
      "L5: the same ref with other content is refused permanently, and nothing is written",
      withBus(async ({ append, persister }) => {
        const first = await send(append, draft("alice", "bob", "one", "r"));
        const [refused] = await append.append([draft("alice", "bob", "two", "r")]);
        expect(codeOf(refused)).toBe("ref_reused");
        expect(refused?.ok === false && refused.error.temporary).toBe(false);
        const last = await send(append, draft("alice", "bob", "end"));
        await until(() => persister.stored.has(last), "the last is stored");
        expect([...persister.stored.keys()]).toEqual([first, last]);
      }),
    );

    it(
      "L5: a ref is unique per sender and conversation",
      withBus(async ({ append }) => {
        const drafts = [
          draft("alice", "bob", "1", "r"),
          draft("bob", "alice", "2", "r"),
          draft("alice", "carol", "3", "r"),
          draft("alice", "", "4", "r"),
          draft("alice", "alice", "5", "r"),
          draft("alice", "bob", "6", "R"),
        ];
        const results = await append.append(drafts);
        expect(results.map(codeOf)).toEqual(drafts.map(() => "ok"));
        expect(new Set(results.map(idOf)).size).toBe(drafts.length);
      }),
    );

    it(
      "L7: near the bound a sender gets backlog_full at its share, while ten others go on, until the log has drained",
      withBus(
        async ({ append, consume, persister }) => {
          persister.pause();
          /** Sends messages one by one, and returns how many were accepted. */
          const accepted = async (from: string, count: number): Promise<number> => {
            const { backlogEntries } = await consume.trim();
            let refused = 0;
            for (let i = 0; i < count; i += 1)
              void append.append([draft(from, "", `${i}`)]).then(([result]) => {
                if (codeOf(result) === "backlog_full") refused += 1;
              });
            await until(
              async () => (await consume.trim()).backlogEntries - backlogEntries + refused === count,
              "every message waits or is refused",
            );
            return count - refused;
          };
          expect(await accepted("greedy", 700)).toBe(500);
          for (let round = 0; round < 4; round += 1) {
            for (let i = 0; i < 10; i += 1) expect(await accepted(`ordinary${i}`, 5)).toBe(5);
            expect(await accepted("greedy", 5)).toBe(0);
          }
          persister.resume();
          await until(async () => (await consume.trim()).backlogEntries === 0, "the log has drained");
          expect(persister.stored.size).toBe(700);
          await send(append, draft("greedy", "", "again"));
        },
        { maxEntries: 900 },
      ),
    );

    it(
      "preserves every content",
      withBus(async ({ append, persister, delivered }) => {
        const contents = [
          '"quotes" \\ and \n lines',
          "emoji 👩‍👩‍👧",
          "\u0000\u001f\u2028",
          "x".repeat(8_192),
          " ",
        ];
        const ids = (await append.append(contents.map((content) => draft("zoë", "", content)))).map(idOf);
        await until(
          () => persister.stored.size === 5 && delivered.length === 5,
          "all are stored and delivered",
        );
        expect(ids.map((id) => persister.stored.get(id)?.content)).toEqual(contents);
        expect(delivered.map(({ content }) => content)).toEqual(contents);
      }),
    );

    it(
      "close settles accepted drafts, and later ones are unavailable",
      withBus(async ({ append, bus, persister, live }) => {
        const accepted = Array.from({ length: 20 }, (_, i) => append.append([draft("alice", "", `m${i}`)]));
        await bus.gateway.close();
        const results = (await Promise.all(accepted)).flat();
        for (const result of results) expect(["ok", "unavailable"]).toContain(codeOf(result));
        const ids = results.flatMap((result) => (result.ok ? [result.id] : []));
        await until(
          () => ids.every((id) => persister.stored.has(id)),
          "every acknowledged message is stored",
        );
        expect((await append.append([draft("alice", "", "late")])).map(codeOf)).toEqual(["unavailable"]);
        await expect(live.join("alice")).rejects.toMatchObject({ code: "unavailable" });
        await bus.gateway.close();
      }),
    );
  });
}
