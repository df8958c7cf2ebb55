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
const MAX_LISTS = 200;
/** Maximum number of landmarks of a list. Beyond it, every other one is forgotten. */
const MAX_PER_LIST = 1_024;
/** Maximum distance between two landmarks that are learned together, in messages. */
const SPACING = 32;

/**
 * Some ids of lists of messages, for a server that reads all documents of a range, whatever the limit. Such a server is
 * asked for one window of the range after the other, until the page is full. So a page costs about what it is long, and
 * not what the whole conversation is long, and others wait for it no longer than that (G5).
 *
 * A result never depends on the landmarks, because the windows together are the whole range.
 */
export class Landmarks {
  /** The landmarks of each list, in ascending order. */
  readonly #lists = new Map<string, readonly string[]>();

  /**
   * Divides a range into windows, in the order of reading. The first has at least as many messages as are wanted, also if
   * the range begins one message before a landmark, as the next page of a long read does. Each later one spans twice as many
   * landmarks as the one before it, so that a long page takes few reads. The last window is the one without landmarks.
   */
  windows(list: string, { after, before }: Range, direction: 1 | -1, limit: number): IdsWithin[] {
    const inside = (this.#lists.get(list) ?? []).filter((id) => id > (after ?? "") && id < (before ?? "~"));
    if (direction === -1) inside.reverse();
    const windows: IdsWithin[] = [];
    let start = direction === 1 ? after : before;
    let landmarks = Math.ceil(limit / SPACING) + 1;
    for (let next = 1; inside.length > 0; next *= 2) {
      const landmark = inside.splice(0, landmarks).at(-1) ?? "";
      windows.push(upToLandmark(start, landmark, direction));
      start = landmark;
      landmarks = next;
    }
    const rest = direction === 1 ? { after: start, before } : { after, before: start };
    return [...windows, idsWithin(rest)];
  }

  /**
   * Remembers some of these ids, with no other of the list between them, in the order of reading. They replace all
   * landmarks between the first and the last, so that landmarks don't get denser with each read. One on the first or the last
   * stays: the pages of a long read overlap by a message, and each would take the landmark of the one before it.
   */
  learn(list: string, ids: readonly string[]): void {
    const [first, last] = [ids.at(0), ids.at(-1)];
    if (first === undefined || last === undefined) return;
    const [min, max] = first < last ? [first, last] : [last, first];
    const others = (this.#lists.get(list) ?? []).filter((id) => id <= min || id >= max);
    const learned = ids.filter((id, n) => n % SPACING === SPACING - 1 || id === last);
    const landmarks = [...new Set([...others, ...learned])].sort();
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
