/** The part of the browser's interface that this file uses. */
type Items = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/**
 * Items that survive a reload. The browser's storage may be full, or forbidden so that even reading it throws. Items
 * that can't be stored are kept in memory, so that the page works until it is closed.
 */
export class BrowserStorage {
  readonly #open: () => Items;
  /** The items whose last change couldn't be stored. `null` stands for a removed item. */
  readonly #unsaved = new Map<string, string | null>();

  /** `open` returns the browser's storage. It may throw. */
  constructor(open: () => Items) {
    this.#open = open;
  }

  /** Returns the value of an item, or undefined if there is none or it can't be parsed. */
  read<T>(key: string): T | undefined {
    try {
      const text = this.#unsaved.get(key);
      const json = text === undefined ? this.#open().getItem(key) : text;
      return json === null ? undefined : (JSON.parse(json) as T);
    } catch {
      return undefined;
    }
  }

  /** Writes an item, or removes it if the value is undefined. Returns false if the item is only in memory. */
  write(key: string, value: unknown): boolean {
    const text = value === undefined ? null : JSON.stringify(value);
    try {
      const items = this.#open();
      if (text === null) items.removeItem(key);
      else items.setItem(key, text);
      this.#unsaved.delete(key);
      return true;
    } catch {
      this.#unsaved.set(key, text);
      return false;
    }
  }

  /** Returns the keys with a prefix, of stored items and of items in memory. */
  keys(prefix: string): string[] {
    const keys = new Set([...this.#storedKeys(), ...this.#unsaved.keys()]);
    return [...keys].filter((key) => key.startsWith(prefix) && this.#unsaved.get(key) !== null);
  }

  /** Returns true if an item with this prefix is only in memory. */
  hasUnsaved(prefix: string): boolean {
    return [...this.#unsaved].some(([key, text]) => text !== null && key.startsWith(prefix));
  }

  #storedKeys(): string[] {
    try {
      const items = this.#open();
      return Array.from({ length: items.length }, (_, index) => items.key(index) ?? "");
    } catch {
      return [];
    }
  }
}

/** The items of this browser. */
export const localItems = new BrowserStorage(() => localStorage);

/** The items of this tab. */
export const tabItems = new BrowserStorage(() => sessionStorage);
