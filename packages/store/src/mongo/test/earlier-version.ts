import { conversationOf, type LogMessage } from "@parley/models";
import type { Db } from "mongodb";
import { documentOf, type MessageDocument } from "../document.ts";

/**
 * The writes of the version before format 2, as a process of that version makes them: it creates its indexes when it
 * starts, and stores documents without `key` and `digest`.
 */
export class EarlierVersion {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Creates the indexes of that version, as its persisters do when they start. */
  async start(): Promise<void> {
    await this.messages.createIndexes([
      { key: { conversation: 1, _id: 1 } },
      { key: { from: 1, _id: 1 } },
      { key: { to: 1, _id: 1 } },
      {
        key: { conversation: 1, from: 1, ref: 1 },
        unique: true,
        partialFilterExpression: { ref: { $exists: true } },
      },
    ]);
    await this.#db.collection("conversations").createIndex({ users: 1, last: -1 });
  }

  async insert(messages: readonly LogMessage[]): Promise<void> {
    const documents = messages.map((message) => {
      const { key: _, digest: __, ...document } = documentOf(message);
      return document;
    });
    await this.messages.insertMany(documents, { ordered: false });
  }

  /** Looks a message up by its ref, as that version's history-api does. */
  findByRef({ from, to, ref }: LogMessage): Promise<MessageDocument | null> {
    return this.messages.findOne({ conversation: conversationOf(from, to), from, ref: ref ?? "" });
  }

  get messages() {
    return this.#db.collection<MessageDocument>("messages");
  }
}
