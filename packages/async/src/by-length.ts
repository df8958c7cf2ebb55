import { LinkedList, type ListNode } from "./linked-list.ts";

/**
 * Finds the item with the greatest length quickly, however many items there are. Items are grouped by length. Lengths
 * change in small steps, so when the longest group becomes empty, the next one is close.
 */
export class ByLength<T extends object> {
  /** The items of each length; the index is the length. */
  readonly #groups: LinkedList<T>[] = [];
  readonly #nodes = new Map<T, { readonly length: number; readonly node: ListNode<T> }>();

  /** One of the items with the greatest length, or undefined if there is no item. */
  get longest(): T | undefined {
    return this.#groups.at(-1)?.first?.value;
  }

  /** Sets an item's length. An item with length 0 is forgotten. */
  set(item: T, length: number): void {
    const before = this.#nodes.get(item);
    if (length === (before?.length ?? 0)) return;
    if (before) this.#groups[before.length]?.remove(before.node);
    if (length === 0) this.#nodes.delete(item);
    else this.#nodes.set(item, { length, node: this.#group(length).push(item) });
    while (this.#groups.at(-1)?.length === 0) this.#groups.pop();
  }

  #group(length: number): LinkedList<T> {
    while (this.#groups.length <= length) this.#groups.push(new LinkedList());
    return this.#groups[length] as LinkedList<T>;
  }
}
