import { randomUUID } from "node:crypto";
import { type LocalServer, ServerUnavailable, startMongo } from "@parley/local";
import { type Db, type Document, MongoClient } from "mongodb";
import type { StoreEvent } from "../../events.ts";
import type { Store } from "../../store.ts";
import { type MongoStoreOptions, openMongoStore } from "../index.ts";

/** A MongoDB server for one test file, whose commands can be made to fail. */
export interface Rig {
  readonly server: LocalServer;
  /** Creates an empty database, with a raw connection beside the stores. */
  database(): TestDatabase;
  /** Makes the next `times` commands fail. `data` contains the options of the server's `failCommand`. */
  fail(data: Document, times?: number): Promise<void>;
  stop(): Promise<void>;
}

/** A database for one test. */
export interface TestDatabase {
  readonly url: string;
  readonly raw: Db;
  /** The events of all stores on this database. */
  readonly events: StoreEvent[];
  store(options?: Partial<MongoStoreOptions>): Store;
  close(): Promise<void>;
}

/** The options that enable `failCommand`: for SecantusDB, and for mongod. */
const FAIL_POINTS = [["--enable-test-commands"], ["--setParameter", "enableTestCommands=1"]];

/** Starts a server. If MongoDB isn't installed, prints a warning and returns undefined, or throws if `CI` is set. */
export async function startRig(): Promise<Rig | undefined> {
  try {
    return rigOn(await startWithFailPoints());
  } catch (error) {
    if (!(error instanceof ServerUnavailable) || process.env.CI) throw error;
    process.stderr.write(`\n*** SKIPPED: a suite that needs MongoDB: ${error.message}\n\n`);
    return undefined;
  }
}

async function startWithFailPoints(): Promise<LocalServer> {
  const [secantus = [], mongod = []] = FAIL_POINTS;
  try {
    return await startMongo({ args: secantus });
  } catch (error) {
    if (error instanceof ServerUnavailable) throw error;
    return startMongo({ args: mongod });
  }
}

function rigOn(server: LocalServer): Rig {
  // A trial of an hour may share its machine with others, so a slow answer isn't a lost connection.
  const client = new MongoClient(server.url, { connectTimeoutMS: 1_200_000 });
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

function databaseOf(server: LocalServer, client: MongoClient): TestDatabase {
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
