import type { Range } from "../../store.ts";

/** The condition that an id lies within a range. */
export interface IdsWithin {
  readonly _id?: {
    readonly $gt?: string;
    readonly $gte?: string;
    readonly $lt?: string;
    readonly $lte?: string;
  };
}

/** Maximum number of lists. Beyond it, the landmarks of the list that was read the longest ago are forgotten. */
const MAX_LISTS = 1_000;
/** Maximum number of landmarks of a list. Beyond it, every other one is forgotten. */
const MAX_PER_LIST = 128;

/**
 * Ids at which earlier reads of a list of messages ended, for a server that reads all documents of a range, whatever the
 * limit. Such a server is asked for one window of the range after the other, until the page is full. So a page costs what
 * a few pages cost, and not what the whole conversation costs, and others wait for it no longer than that (G5).
 *
 * A result never depends on the landmarks, because the windows together are the whole range. Only the first read of a list
 * is a read of the whole range.
 */
export class Landmarks {
  /** The landmarks of each list, in ascending order. */
  readonly #lists = new Map<string, readonly string[]>();

  /** Divides a range into windows, in the order of reading. Each spans twice as many landmarks as the one before it. */
  windows(list: string, { after, before }: Range, direction: 1 | -1): IdsWithin[] {
    const inside = (this.#lists.get(list) ?? []).filter((id) => id > (after ?? "") && id < (before ?? "~"));
    if (direction === -1) inside.reverse();
    const windows: IdsWithin[] = [];
    let start = direction === 1 ? after : before;
    for (let at = 0; at < inside.length; at = 2 * (at + 1)) {
      const landmark = inside[at] ?? "";
      windows.push(upToLandmark(start, landmark, direction));
      start = landmark;
    }
    const rest = direction === 1 ? { after: start, before } : { after, before: start };
    return [...windows, idsWithin(rest)];
  }

  /**
   * Remembers the end of a full result, in place of all landmarks within the result. So the distance between two
   * landmarks becomes that of the pages which are read. `ids` are in the order of reading.
   */
  learn(list: string, ids: readonly string[]): void {
    const [first, last] = [ids.at(0), ids.at(-1)];
    if (first === undefined || last === undefined) return;
    const [min, max] = first < last ? [first, last] : [last, first];
    const others = (this.#lists.get(list) ?? []).filter((id) => id < min || id > max);
    const landmarks = [...others, last].sort();
    const isFull = landmarks.length > MAX_PER_LIST;
    this.#lists.delete(list);
    this.#lists.set(list, isFull ? landmarks.filter((_, n) => n % 2 === 0) : landmarks);
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > MAX_LISTS && oldest !== undefined) this.#lists.delete(oldest);
  }
}

/** Returns the condition for a range of ids, both exclusive. */
export function idsWithin({ after, before }: Range): IdsWithin {
  if (after === undefined && before === undefined) return {};
  return {
    _id: { ...(after !== undefined && { $gt: after }), ...(before !== undefined && { $lt: before }) },
  };
}

/** Returns the condition for the ids from `start`, exclusive, to a landmark, inclusive, in the direction of reading. */
function upToLandmark(start: string | undefined, landmark: string, direction: 1 | -1): IdsWithin {
  const isForward = direction === 1;
  return {
    _id: {
      ...(start !== undefined && { [isForward ? "$gt" : "$lt"]: start }),
      [isForward ? "$lte" : "$gte"]: landmark,
    },
  };
}
