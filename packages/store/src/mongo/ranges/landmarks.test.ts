import { describe, expect, it } from "vitest";
import type { Range } from "../../store.ts";
import { type IdsWithin, Landmarks } from "./landmarks.ts";

/** The ids "0000" to "9999", and the first thousand of them. */
const MANY = Array.from({ length: 10_000 }, (_, n) => String(n).padStart(4, "0"));
const IDS = MANY.slice(0, 1_000);
const idsOf = ({ _id: { $gt, $gte, $lt, $lte } = {} }: IdsWithin, of = IDS) =>
  of.filter(
    (id) =>
      ($gt === undefined || id > $gt) &&
      ($gte === undefined || id >= $gte) &&
      ($lt === undefined || id < $lt) &&
      ($lte === undefined || id <= $lte),
  );

/** Reads as many ids as fit, as a read of the store does. Returns the ids, and how many the server read for them. */
function read(landmarks: Landmarks, range: Range, direction: 1 | -1, limit: number, of = IDS) {
  const found: string[] = [];
  let cost = 0;
  for (const window of landmarks.windows("list", range, direction, limit)) {
    const ids = idsOf(window, of);
    cost += ids.length;
    if (direction === -1) ids.reverse();
    found.push(...ids.slice(0, limit - found.length));
    if (found.length === limit) break;
  }
  if (found.length === limit) landmarks.learn("list", found);
  return { found, cost };
}

describe("landmarks", () => {
  it("divide no range of which nothing is known", () => {
    const landmarks = new Landmarks();
    landmarks.learn("other", ["0003", "0004"]);
    expect(landmarks.windows("list", {}, 1, 1)).toEqual([{}]);
    expect(landmarks.windows("list", { after: "0001", before: "0009" }, -1, 1)).toEqual([
      { _id: { $gt: "0001", $lt: "0009" } },
    ]);
  });

  it("of one read make the next one cost as much as it is long", () => {
    const landmarks = new Landmarks();
    const newest = () => read(landmarks, { before: "0990" }, -1, 50);
    expect(newest().cost).toBe(990);
    expect(newest().cost).toBe(50);
  });

  it("of a whole list make every read cost as much as a few pages", () => {
    const landmarks = new Landmarks();
    landmarks.learn("list", IDS);
    for (const limit of [8, 50, 200])
      for (let n = 0; n < 800; n += 33)
        for (const direction of [1, -1] as const) {
          const range = direction === 1 ? { after: IDS[n] } : { before: IDS[999 - n] };
          expect(read(landmarks, range, direction, limit).cost).toBeLessThanOrEqual(limit + 64);
        }
  });

  it("of a long list that was read to its end make a second read cost about as much as the list is long", () => {
    const landmarks = new Landmarks();
    // Pages overlap by a message: the last one only tells that there are more.
    const whole = (direction: 1 | -1) => {
      let cost = 0;
      for (let last: string | undefined, isFull = true; isFull; ) {
        const range = direction === 1 ? { after: last } : { before: last };
        const step = read(landmarks, range, direction, 26, MANY);
        cost += step.cost;
        last = step.found.at(-2);
        isFull = step.found.length === 26;
      }
      return cost;
    };
    for (const direction of [1, -1] as const) {
      whole(direction);
      for (const again of [1, -1] as const) expect(whole(again)).toBeLessThan(5 * MANY.length);
    }
  });

  it("never change a result, whatever was read before", () => {
    const landmarks = new Landmarks();
    let seed = 7;
    const random = (n: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * n);
    };
    for (let n = 0; n < 500; n++) {
      const [after, before] = [IDS[random(1_000)], IDS[random(1_000)]].sort();
      const range = { ...(random(4) > 0 && { after }), ...(random(4) > 0 && { before }) };
      const direction = random(2) === 0 ? 1 : -1;
      const limit = 1 + random(120);
      const all = IDS.filter((id) => id > (range.after ?? "") && id < (range.before ?? "~"));
      if (direction === -1) all.reverse();
      expect(read(landmarks, range, direction, limit).found).toEqual(all.slice(0, limit));
    }
  });

  it("are limited for each list, and in total", () => {
    const landmarks = new Landmarks();
    for (const id of MANY) landmarks.learn("list", [id]);
    expect(landmarks.windows("list", {}, 1, 1).length).toBeLessThanOrEqual(12);
    for (const id of IDS) landmarks.learn(`list ${id}`, [id]);
    expect(landmarks.windows("list", {}, 1, 1)).toEqual([{}]);
    expect(landmarks.windows("list 0700", {}, 1, 1)).toEqual([{}]);
    expect(landmarks.windows("list 0800", {}, 1, 1)).toHaveLength(2);
  });
});
