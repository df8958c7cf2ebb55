import type { Findings } from "../../checker/findings.ts";
import type { StoredDocument } from "../../cluster/log-inspection.ts";

/** Checks that every acknowledged message is stored under the id of its ack (G1), and no message twice (G2). */
export class StorageCheck {
  readonly #findings: Findings;
  /** Contents by id of the acknowledged messages that were not found in the store yet. */
  readonly #unstored = new Map<string, string>();
  /** Contents of all messages that were found in the store. */
  readonly #contents = new Set<string>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Number of messages that were found in the store. */
  get stored(): number {
    return this.#contents.size;
  }

  /** Ids of the acknowledged messages that were not found in the store yet. */
  get unstoredIds(): string[] {
    return [...this.#unstored.keys()];
  }

  expect(id: string, content: string): void {
    this.#unstored.set(id, content);
  }

  /** Compares documents of the store. Each document may be passed once. */
  found(documents: readonly Pick<StoredDocument, "_id" | "content">[]): void {
    for (const { _id, content } of documents) {
      if (this.#contents.has(content)) this.#findings.add("duplicated", `"${content}" is stored twice`);
      this.#contents.add(content);
      const expected = this.#unstored.get(_id);
      if (expected !== undefined && expected !== content)
        this.#findings.add("strange", `"${expected}" was acknowledged as ${_id}, which is "${content}"`);
      this.#unstored.delete(_id);
    }
  }

  /** Reports every acknowledged message that was never found. Call this once everything is stored and was passed. */
  finish(): void {
    for (const [id, content] of this.#unstored)
      this.#findings.add("lost", `${id} "${content}" was acknowledged`);
  }
}
