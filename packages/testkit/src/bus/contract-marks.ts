import { until } from "@parley/async";
import type { ReadMark } from "@parley/bus";
import { formatId, idBefore, parseId } from "@parley/models";
import { describe, expect, it } from "vitest";
import { randomFrom } from "../random.ts";
import { describeMarkShares } from "./contract-mark-shares.ts";
import { type BusFixture, type BusLimits, draft, send, type WithBus } from "./fixture.ts";
import { expectMarksNeverGoBack, type MarksFixture } from "./marks-model.ts";

export function describeMarks(withBus: WithBus): void {
  const withMarks = (test: (marks: MarksFixture) => Promise<void>, limits?: BusLimits) =>
    withBus(async (fixture) => test(await openMarks(fixture)), limits);

  describeMarkShares(withMarks);

  describe("read marks", () => {
    it(
      "L27: a mark grows, never goes back, and ends at the log's end",
      withMarks(async ({ feed, reader, storedMessage, heard }) => {
        const [first, second] = [await storedMessage(), await storedMessage()];
        await feed.join("alice");
        const mark = { user: "alice", with: "bob" };
        const raiseTo = (id: string) => feed.raise([{ ...mark, id }]);
        expect(await reader.find([mark])).toEqual([undefined]);
        for (const id of [first, second, first]) expect(await raiseTo(id)).toEqual(["kept"]);
        expect(await reader.find([mark, { user: "alice", with: "" }])).toEqual([second, undefined]);
        await raiseTo(formatId({ ms: 9_999_999_999_999, seq: 5 }));
        expect(await reader.find([mark])).toEqual([second]);
        await feed.raise([{ user: "alice", with: "", id: first }]);
        await until(() => heard.length >= 3, "the marks are heard");
        expect(heard).toEqual([
          { audience: "alice", ...mark, id: first },
          { audience: "alice", ...mark, id: second },
          { audience: "alice", user: "alice", with: "", id: first },
        ]);
      }),
    );

    it(
      "L27: ids are compared as positions: a sequence number of two digits comes after one of one digit",
      withMarks(async ({ feed, reader, storedMessage }) => {
        const ms = (parseId(await storedMessage())?.ms ?? 0) - 1;
        const mark = { user: "alice", with: "bob" };
        for (const seq of [9, 10, 9]) await feed.raise([{ ...mark, id: formatId({ ms, seq }) }]);
        expect(await reader.find([mark])).toEqual([formatId({ ms, seq: 10 })]);
      }),
    );

    it(
      "L27: a mark that moved after it was listed isn't removed, and one that didn't is",
      withMarks(async ({ feed, queue, reader, storedMessage, heard }) => {
        const [first, second] = [await storedMessage(), await storedMessage()];
        await Promise.all([feed.join("bob"), feed.join("dave")]);
        const [moving, still] = [
          { user: "alice", with: "bob" },
          { user: "carol", with: "dave" },
        ];
        await feed.raise([
          { ...moving, id: first },
          { ...still, id: first },
        ]);
        const { marks, watermark, cursor } = await queue.list();
        expect(marks.toSorted(byUser)).toEqual([
          { ...moving, id: first },
          { ...still, id: first },
        ]);
        expect([watermark >= second, cursor]).toEqual([true, ""]);
        await feed.raise([{ ...moving, id: second }]);
        expect(heard).toEqual([]);
        await queue.stored(marks);
        expect(await reader.find([moving, still])).toEqual([second, undefined]);
        await until(() => heard.length >= 2, "the others hear what was stored");
        expect(heard.toSorted(byUser)).toEqual([
          { audience: "bob", ...moving, id: first },
          { audience: "dave", ...still, id: first },
        ]);
      }),
    );

    it(
      "L27: nobody hears of a mark that is dropped, and one that moved stays",
      withMarks(async ({ feed, queue, reader, storedMessage, heard }) => {
        const [first, second] = [await storedMessage(), await storedMessage()];
        await feed.join("bob");
        const mark = { user: "alice", with: "bob" };
        await feed.raise([{ ...mark, id: second }]);
        await queue.drop([{ ...mark, id: first }]);
        expect(await reader.find([mark])).toEqual([second]);
        await queue.drop([{ ...mark, id: second }]);
        expect(await reader.find([mark])).toEqual([undefined]);
        await feed.raise([{ ...mark, id: first }]);
        await queue.stored((await queue.list()).marks);
        await until(() => heard.length > 0, "the stored mark is heard");
        expect(heard.map(({ id }) => id)).toEqual([first]);
      }),
    );

    it(
      "L27: a mark isn't below a watermark that has not passed it",
      withMarks(async ({ append, persister, feed, queue, storedMessage }) => {
        const stored = await storedMessage();
        persister.pause();
        const pending = append.append([draft("alice", "bob", "pending")]);
        await feed.raise([{ user: "alice", with: "bob", id: formatId({ ms: 9_999_999_999_999, seq: 0 }) }]);
        const { watermark, marks } = await queue.list();
        const [{ id: mark = "" } = {}] = marks;
        expect(mark >= stored && (mark === stored || watermark < mark)).toBe(true);
        persister.resume();
        await pending;
      }),
    );

    it(
      "G5: at the bound a new mark is refused, and those that wait still grow",
      withMarks(
        async ({ feed, queue, reader, storedMessage }) => {
          const [first, second] = [await storedMessage(), await storedMessage()];
          const mark = (user: string, id: string) => ({ user, with: "", id });
          expect(await feed.raise(["a", "b", "c"].map((user) => mark(user, first)))).toEqual([
            "kept",
            "kept",
            "full",
          ]);
          expect(await feed.raise([mark("c", second), mark("a", second)])).toEqual(["full", "kept"]);
          await queue.stored([mark("b", first)]);
          expect(await feed.raise([mark("c", second)])).toEqual(["kept"]);
          expect(await reader.find(["a", "b", "c"].map((user) => mark(user, "")))).toEqual([
            second,
            undefined,
            second,
          ]);
        },
        { maxUnstoredMarks: 2 },
      ),
    );

    it(
      "many marks are listed in parts and removed, each once",
      withMarks(async ({ feed, queue, storedMessage }) => {
        const id = await storedMessage();
        const marks = Array.from({ length: 1_500 }, (_, n) => ({ user: `user-${n}`, with: "", id }));
        expect(new Set(await feed.raise(marks))).toEqual(new Set(["kept"]));
        const listed = new Set<string>();
        let cursor = "";
        do {
          const part = await queue.list(cursor);
          for (const { user } of part.marks) listed.add(user);
          await queue.stored(part.marks);
          cursor = part.cursor;
        } while (cursor !== "");
        expect(listed.size).toBe(1_500);
        expect((await queue.list()).marks).toEqual([]);
      }),
    );

    it(
      "leave ends a subscription",
      withMarks(async ({ feed, storedMessage, heard }) => {
        const id = await storedMessage();
        await Promise.all([feed.join("alice"), feed.join("bob")]);
        feed.leave("alice");
        await feed.raise([
          { user: "alice", with: "", id },
          { user: "bob", with: "", id },
        ]);
        await until(() => heard.length > 0, "the second mark is heard");
        expect(heard.map(({ audience }) => audience)).toEqual(["bob"]);
      }),
    );

    it(
      "L27: marks never go back, whatever the order of raising, listing, storing and removing",
      withMarks(async (marks) => {
        const id = await marks.storedMessage();
        const positions = Array.from({ length: 12 }, (_, n) => ({
          ms: (parseId(id)?.ms ?? 0) - 1,
          seq: n + 3,
        }));
        const ids = [
          ...positions.map(formatId),
          idBefore(id),
          id,
          formatId({ ms: 9_999_999_999_999, seq: 1 }),
        ];
        for (let seed = 1; seed <= 8; seed += 1)
          await expectMarksNeverGoBack(marks, {
            ids,
            end: id,
            random: randomFrom(seed),
            user: `user-${seed}`,
          });
      }),
    );
  });
}

async function openMarks(fixture: BusFixture): Promise<MarksFixture> {
  const { bus, append, tail } = fixture;
  const heard: MarksFixture["heard"] = [];
  const feed = bus.gateway.raiseMarks({
    mark: (audience, mark) => heard.push({ audience, ...mark }),
    missed: () => undefined,
  });
  const queue = bus.persister.storeMarks();
  const reader = bus.history.findMarks();
  const works = async () => {
    const answers = await Promise.allSettled([queue.list(), reader.find([{ user: "a", with: "" }])]);
    return feed.problem() === undefined && answers.every(({ status }) => status === "fulfilled");
  };
  await until(works, "the roles of marks are connected");
  const storedMessage = async () => {
    const id = await send(append, draft("alice", "bob", "hello"));
    await until(async () => (await tail.watermark()) >= id, "it is stored");
    return id;
  };
  return { ...fixture, feed, queue, reader, heard, storedMessage };
}

function byUser(a: ReadMark, b: ReadMark): number {
  return a.user < b.user ? -1 : 1;
}
