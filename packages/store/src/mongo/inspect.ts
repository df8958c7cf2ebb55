import type { Document } from "mongodb";
import type { StoreFormat } from "../store.ts";
import { createConnection } from "./connection.ts";
import { missingIndexes, readUniqueIndexes } from "./indexes.ts";
import { reasonOf } from "./mongo-error.ts";
import { formatOf } from "./unique-refs.ts";

/** Facts about a MongoDB server, for the command `doctor`. */
export interface MongoFacts {
  readonly version: string;
  readonly major: number;
  /** The replica set's name, or undefined for a standalone server. */
  readonly replicaSet: string | undefined;
  /** The number of members with data that the server reports. */
  readonly members: number;
  /** The write concern that Parley uses, whatever the URL says. */
  readonly writeConcern: string;
  readonly database: string;
  /** The keys of indexes that a persister would create. */
  readonly missingIndexes: readonly string[];
  /** The format in which the store keeps refs unique (L36). Undefined if there are no messages yet. */
  readonly format: StoreFormat | undefined;
  /**
   * Difference between the server's clock and this machine's, in ms. Positive if the server's clock is ahead.
   * Undefined if the server doesn't report its time.
   */
  readonly clockAheadMs: number | undefined;
}

const TIMEOUT_MS = 5_000;

/**
 * Reads the facts over a separate connection and changes nothing. Rejects within about 5 s, with no secret in the
 * error.
 */
export async function inspectMongo(url: string): Promise<MongoFacts> {
  const connection = createConnection(url, { timeoutMs: TIMEOUT_MS, maxConnections: 1 });
  const { client, messages } = connection;
  try {
    const admin = client.db("admin");
    const command = (name: string): Promise<Document> =>
      admin.command({ [name]: 1 }, { readPreference: "primary" });
    const { version = "0" } = await command("buildInfo");
    const sentAt = Date.now();
    const hello = await command("hello");
    const midpoint = (sentAt + Date.now()) / 2;
    const { w, journal } = messages.writeConcern ?? {};
    return {
      version: String(version),
      major: Number.parseInt(String(version), 10),
      replicaSet: typeof hello.setName === "string" ? hello.setName : undefined,
      members: Array.isArray(hello.hosts) ? hello.hosts.length : 1,
      writeConcern: `w: ${w}, j: ${journal}`,
      database: messages.dbName,
      missingIndexes: await missingIndexes(connection),
      format: formatOf(await readUniqueIndexes(messages)),
      clockAheadMs:
        hello.localTime instanceof Date ? Math.round(hello.localTime.getTime() - midpoint) : undefined,
    };
  } catch (error) {
    throw new Error(reasonOf(error) ?? (error instanceof Error ? error.message : undefined));
  } finally {
    await client.close();
  }
}
