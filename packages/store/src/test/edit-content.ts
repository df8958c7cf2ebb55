import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MongoClient } from "mongodb";

/** Changes of stored contents for tests, which leave the digest as it is. A version that edits messages does the same. */

/** Changes a message in the MongoDB database at a URL. */
export async function editInMongo(url: string, id: string, content: string): Promise<void> {
  const client = new MongoClient(url);
  const messages = client.db().collection<{ _id: string }>("messages");
  await messages.updateOne({ _id: id }, { $set: { content } }, { writeConcern: { w: "majority" } });
  await client.close();
}

/** Changes a message in a directory of the SQLite store, which must be closed. */
export async function editInSqlite(dir: string, id: string, content: string): Promise<void> {
  const db = new DatabaseSync(join(dir, "parley.db"));
  db.prepare("UPDATE messages SET content = ? WHERE id = ?").run(content, id);
  db.close();
}
