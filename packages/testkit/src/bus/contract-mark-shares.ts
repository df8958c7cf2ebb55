import type { ReadMark } from "@parley/bus";
import { describe, expect, it } from "vitest";
import { randomFrom } from "../random.ts";
import type { BusLimits } from "./fixture.ts";
import type { MarksFixture } from "./marks-model.ts";

type WithMarks = (test: (marks: MarksFixture) => Promise<void>, limits?: BusLimits) => () => Promise<void>;

/** A user with a share may always hold so many marks. */
const FLOOR = 8;

/** Returns marks of one user in as many conversations. */
function marksOf(user: string, count: number, id: string, from = 0): ReadMark[] {
  return Array.from({ length: count }, (_, n) => ({ user, with: `peer-${from + n}`, id }));
}

/** Bus contract: no user fills the bound of marks that aren't stored for all others (L27). */
export function describeMarkShares(withMarks: WithMarks): void {
  describe("shares of read marks", () => {
    it(
      "G5: one user stops at five ninths of the bound and its marks still grow, and others fill the rest",
      withMarks(
        async ({ feed, storedMessage }) => {
          const [first, second] = [await storedMessage(), await storedMessage()];
          const raise = async (marks: readonly ReadMark[]) =>
            (await feed.raise(marks)).filter((result) => result === "kept").length;
          expect(await raise(marksOf("greedy", 180, first))).toBe(100);
          expect(await raise(marksOf("greedy", 180, second))).toBe(100);
          for (let n = 0; n < 5; n += 1) expect(await raise(marksOf(`user-${n}`, 6, first))).toBe(6);
          expect(await raise(marksOf("greedy", 5, first, 500))).toBe(0);
          const crowd = Array.from({ length: 60 }, (_, n) => ({ user: `one-${n}`, with: "", id: first }));
          expect(await raise(crowd)).toBe(50);
        },
        { maxUnstoredMarks: 180 },
      ),
    );

    it(
      "G5: a user whose marks are stored may raise others, also while the hash stays above half of the bound",
      withMarks(
        async ({ feed, queue, storedMessage }) => {
          const id = await storedMessage();
          await feed.raise(Array.from({ length: 60 }, (_, n) => ({ user: `one-${n}`, with: "", id })));
          for (let round = 0; round < 12; round += 1) {
            const marks = marksOf("alice", 6, id, 6 * round);
            expect(new Set(await feed.raise(marks))).toEqual(new Set(["kept"]));
            await (round % 2 ? queue.stored(marks) : queue.drop(marks));
          }
        },
        { maxUnstoredMarks: 100 },
      ),
    );

    it(
      "G5: whatever is raised and stored, a user is refused only for what it really holds, and the bound holds",
      withMarks(
        async ({ feed, queue, storedMessage }) => {
          const id = await storedMessage();
          for (const seed of [1, 2, 3, 4]) await expectFairShares({ feed, queue, id, seed });
        },
        { maxUnstoredMarks: BOUND },
      ),
    );
  });
}

const BOUND = 150;

/** Raises and removes random marks of few users. Compares each refusal with what its user holds, and ends with an empty hash. */
async function expectFairShares({
  feed,
  queue,
  id,
  seed,
}: Pick<MarksFixture, "feed" | "queue"> & { readonly id: string; readonly seed: number }): Promise<void> {
  const random = randomFrom(seed);
  const pick = (bound: number) => Math.floor(random() * bound);
  const held = new Map<string, ReadMark>();
  const keyOf = ({ user, with: other }: ReadMark) => `${user}:${other}`;
  const ofUser = (user: string) => [...held.values()].filter((mark) => mark.user === user).length;
  let refused = 0;

  const raise = async () => {
    const user = ["greedy", "alice", "bob", `user-${pick(40)}`][pick(4)] ?? "";
    const marks = marksOf(user, 1 + pick(30), id, pick(100));
    const results = await feed.raise(marks);
    for (const [at, mark] of marks.entries()) {
      const used = held.size;
      const isKnown = held.has(keyOf(mark));
      if (results[at] === "kept") {
        held.set(keyOf(mark), mark);
        continue;
      }
      refused += 1;
      expect(isKnown).toBe(false);
      const share = Math.max(FLOOR, (BOUND - used) / 8);
      expect(used >= BOUND || (used * 2 >= BOUND && ofUser(user) + 1 > share), `seed ${seed}`).toBe(true);
    }
    expect(held.size).toBeLessThanOrEqual(BOUND);
  };
  const remove = async (share: number) => {
    const marks = [...held.values()].filter(() => random() < share);
    await queue.stored(marks);
    for (const mark of marks) held.delete(keyOf(mark));
  };
  for (let step = 0; step < 80; step += 1) await (pick(4) === 0 ? remove(random() / 2) : raise());
  expect(refused).toBeGreaterThan(0);
  await remove(1);
  expect((await queue.list()).marks).toEqual([]);
}
