import { type LogChange, refKey } from "@parley/models";
import type { ChangeView } from "../log-tail/recent-messages.ts";

interface Index {
  /** The first change of each ref, by its position in the list. */
  readonly positions: Map<string, number>;
  /** Number of changes of the list that are in the index. */
  indexed: number;
}

/**
 * Finds changes of the tail by their ref (L5). A list of changes grows at its end until the follower replaces it, so its
 * index grows with it and is dropped with it. Without an index each request to change a message would cost as much as there
 * are changes in the tail, and a few users who edit much would slow down everybody (G5).
 */
export class PendingRefs {
  readonly #indexes = new WeakMap<readonly LogChange[], Index>();

  /** Returns the first change with this ref key among those of the view. */
  find({ entries, length }: ChangeView, key: string): LogChange | undefined {
    const { positions } = this.#indexOf(entries);
    const position = positions.get(key);
    return position !== undefined && position < length ? entries[position] : undefined;
  }

  #indexOf(entries: readonly LogChange[]): Index {
    const index = this.#indexes.get(entries) ?? { positions: new Map<string, number>(), indexed: 0 };
    this.#indexes.set(entries, index);
    for (; index.indexed < entries.length; index.indexed += 1) {
      const change = entries[index.indexed];
      const key = change && refKey(change);
      if (key !== undefined && !index.positions.has(key)) index.positions.set(key, index.indexed);
    }
    return index;
  }
}
