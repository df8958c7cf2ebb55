import type { Document } from "mongodb";
import { connectionTo } from "./client.ts";
import { missingIndexes } from "./indexes.ts";
import { reasonOf } from "./mongo-error.ts";

/** What a MongoDB says of itself, for an operator: nothing is changed in it. */
export interface MongoFacts {
  readonly version: string;
  readonly major: number;
  /** The replica set's name, or undefined for a server that is none. */
  readonly replicaSet: string | undefined;
  /** Members of the replica set that hold data, as far as they are told. */
  readonly members: number;
  /** How everything is written, whatever the URL says. */
  readonly writeConcern: string;
  readonly database: string;
  /** Indexes that a persister would make, by their keys. */
  readonly missingIndexes: readonly string[];
  /** How far its clock is ahead of this machine's, in ms, or undefined where it does not say. */
  readonly clockAheadMs: number | undefined;
}

const TIMEOUT_MS = 5_000;

/** Asks once, over a connection of its own. Rejects within about 5 s, with words that hold no secret. */
export async function inspectMongo(url: string): Promise<MongoFacts> {
  const { client, messages } = connectionTo(url, { timeoutMs: TIMEOUT_MS, maxConnections: 1 });
  try {
    const admin = client.db("admin");
    const command = (name: string): Promise<Document> =>
      admin.command({ [name]: 1 }, { readPreference: "primary" });
    const { version = "0" } = await command("buildInfo");
    const asked = Date.now();
    const hello = await command("hello");
    const halfway = (asked + Date.now()) / 2;
    const { w, journal } = messages.writeConcern ?? {};
    return {
      version: String(version),
      major: Number.parseInt(String(version), 10),
      replicaSet: typeof hello.setName === "string" ? hello.setName : undefined,
      members: Array.isArray(hello.hosts) ? hello.hosts.length : 1,
      writeConcern: `w: ${w}, j: ${journal}`,
      database: messages.dbName,
      missingIndexes: await missingIndexes(messages),
      clockAheadMs:
        hello.localTime instanceof Date ? Math.round(hello.localTime.getTime() - halfway) : undefined,
    };
  } catch (error) {
    throw new Error(reasonOf(error) ?? (error instanceof Error ? error.message : undefined));
  } finally {
    await client.close();
  }
}
