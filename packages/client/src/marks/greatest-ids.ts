/**
 * The greatest id of each key. The number of keys is bounded: beyond it, the key that was raised least recently is
 * forgotten (G5).
 */
export class GreatestIds {
  readonly #ids = new Map<string, string>();
  readonly #maxKeys: number;

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  /** Tells if the key's id is at least `id`. */
  covers(key: string, id: string): boolean {
    return (this.#ids.get(key) ?? "") >= id;
  }

  /** Returns true if `id` is greater than the key's id, and is that id from now on. */
  raise(key: string, id: string): boolean {
    if (this.covers(key, id)) return false;
    this.#ids.delete(key);
    this.#ids.set(key, id);
    if (this.#ids.size > this.#maxKeys) this.#ids.delete([...this.#ids.keys()][0] ?? "");
    return true;
  }
}
