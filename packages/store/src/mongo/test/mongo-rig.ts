import { randomUUID } from "node:crypto";
import { type OwnServer, ServerUnavailable, startMongo } from "@parley/local";
import { type Db, type Document, MongoClient } from "mongodb";
import type { StoreEvent } from "../../events.ts";
import type { Store } from "../../store.ts";
import { type MongoStoreOptions, openMongoStore } from "../index.ts";

/** A MongoDB of one's own for the tests beside, whose failures can be ordered. */
export interface Rig {
  readonly server: OwnServer;
  /** An empty database, and a connection to it that stands outside of Parley. */
  database(): TestDatabase;
  /** Makes commands fail as the server's `failCommand` does, the next time or the next `times`. */
  fail(data: Document, times?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface TestDatabase {
  readonly url: string;
  readonly raw: Db;
  /** What all its stores told. */
  readonly events: StoreEvent[];
  store(options?: Partial<MongoStoreOptions>): Store;
  close(): Promise<void>;
}

/** What lets the failures be ordered: SecantusDB's way of saying it, and mongod's. */
const FAIL_POINTS = [["--enable-test-commands"], ["--setParameter", "enableTestCommands=1"]];

/** Undefined, with one loud line, where this machine has no MongoDB; there `CI` makes it an error. */
export async function startRig(): Promise<Rig | undefined> {
  try {
    return rigOn(await startWithFailPoints());
  } catch (error) {
    if (!(error instanceof ServerUnavailable) || process.env.CI) throw error;
    process.stderr.write(`\n*** SKIPPED: a suite that needs MongoDB: ${error.message}\n\n`);
    return undefined;
  }
}

async function startWithFailPoints(): Promise<OwnServer> {
  const [one = [], other = []] = FAIL_POINTS;
  try {
    return await startMongo({ args: one });
  } catch (error) {
    if (error instanceof ServerUnavailable) throw error;
    return startMongo({ args: other });
  }
}

function rigOn(server: OwnServer): Rig {
  const client = new MongoClient(server.url);
  return {
    server,
    database: () => databaseOf(server, client),
    async fail(data, times = 1) {
      await client.db("admin").command({ configureFailPoint: "failCommand", mode: { times }, data });
    },
    async stop() {
      await client.close();
      await server.stop();
    },
  };
}

function databaseOf(server: OwnServer, client: MongoClient): TestDatabase {
  const name = `t${randomUUID().replaceAll("-", "")}`;
  const events: StoreEvent[] = [];
  const stores: Store[] = [];
  const url = `${server.url}/${name}`;
  return {
    url,
    raw: client.db(name),
    events,
    store(options) {
      const observe = (event: StoreEvent) => events.push(event);
      const store = openMongoStore({ url, observe, ...options });
      stores.push(store);
      return store;
    },
    async close() {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}
