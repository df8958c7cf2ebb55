import { expect, it, onTestFinished } from "vitest";
import { StoreUnusable } from "../errors.ts";
import { type Connection, createConnection } from "./connection.ts";

const LIMITS = { timeoutMs: 1_000, maxConnections: 3 };

function connect(url: string): Connection {
  const connection = createConnection(url, LIMITS);
  onTestFinished(() => connection.client.close());
  return connection;
}

it.each([
  ["mongodb://localhost", "parley"],
  ["mongodb://localhost/", "parley"],
  ["mongodb://localhost/?w=1", "parley"],
  ["mongodb://a:27017,b:27018/chat?replicaSet=r", "chat"],
  ["mongodb://user:pa%2Fss@localhost/chat%2Dtwo?authSource=admin", "chat-two"],
])("%s selects the database %s", (url, database) => {
  expect(connect(url).messages.namespace).toBe(`${database}.messages`);
});

it("L13, L19: uses majority, journal and primary, whatever the URL says", () => {
  const url = "mongodb://localhost/?w=0&journal=false&readPreference=secondary&readConcernLevel=local";
  const { client, messages, conversations } = connect(url);
  for (const collection of [messages, conversations]) {
    expect(collection.writeConcern).toMatchObject({ w: "majority", journal: true, wtimeoutMS: 1_000 });
    expect(collection.readConcern).toMatchObject({ level: "majority" });
    expect(collection.readPreference).toMatchObject({ mode: "primary" });
  }
  expect(client.options).toMatchObject({
    maxPoolSize: 3,
    socketTimeoutMS: 1_000,
    serverSelectionTimeoutMS: 500,
  });
});

it("refuses an invalid URL without showing it", () => {
  for (const url of [
    "",
    "http://user:secret@localhost",
    "mongodb://user:secret@",
    "mongodb://localhost/se%cret",
  ]) {
    expect(() => createConnection(url, LIMITS)).toThrow(
      new StoreUnusable("the MongoDB URL (MONGO_URL) isn't valid: use mongodb://host:27017/database"),
    );
  }
});
