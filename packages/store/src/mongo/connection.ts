import { type Collection, type Document, MongoClient, MongoNotConnectedError } from "mongodb";
import { StoreUnusable } from "../errors.ts";
import type { ChangeDocument } from "./changes/document.ts";
import type {
  AliasDocument,
  ConversationDocument,
  MarkDocument,
  MessageDocument,
  ProgressDocument,
  RevocationDocument,
} from "./document.ts";
import { Landmarks } from "./ranges/landmarks.ts";

const DEFAULT_DATABASE = "parley";

/** The limits of a connection. */
export interface ConnectionLimits {
  /** Maximum time of an operation, in ms. */
  readonly timeoutMs: number;
  /** Maximum number of connections to each server. An operation that needs one more waits, within its time limit. */
  readonly maxConnections: number;
}

/** The collections of a store. */
export interface Collections {
  readonly messages: Collection<MessageDocument>;
  readonly conversations: Collection<ConversationDocument>;
  readonly aliases: Collection<AliasDocument>;
  readonly changes: Collection<ChangeDocument>;
  readonly revocations: Collection<RevocationDocument>;
  readonly marks: Collection<MarkDocument>;
  /** Exists only while a backfill runs. */
  readonly progress: Collection<ProgressDocument>;
}

/** A connection to MongoDB, with the collections of a store. */
export interface Connection extends Collections {
  readonly client: MongoClient;
  /**
   * Returns the find option that makes a read use this index, so that the server's planner can't choose a plan that
   * reads more. The option is empty for SecantusDB: with a hint it scans the whole index, and without one only the
   * range. Call this once connected, because the kind of server isn't known before.
   */
  hint<Index extends IndexKeys>(index: Index): { readonly hint?: Index };
  /** Divides ranges for SecantusDB, which reads a whole range whatever the limit. Undefined for every other server. */
  landmarks(): Landmarks | undefined;
  /**
   * Connects if there is no connection yet. Await this before each operation: the driver would connect on its own, but
   * if its first attempt fails, every later operation fails too. Rejects with an error of the driver, also after
   * `close`.
   */
  ensureConnected(): Promise<void>;
  close(): Promise<void>;
}

/** The keys of an index. */
type IndexKeys = Readonly<Record<string, 1 | -1>>;

/** Creates a connection that connects with the first operation. Throws StoreUnusable for an invalid URL. */
export function createConnection(url: string, limits: ConnectionLimits): Connection {
  try {
    const client = createClient(url, limits);
    const collection = <D extends Document>(name: string) => openCollection<D>(client, url, name, limits);
    return {
      client,
      messages: collection("messages"),
      conversations: collection("conversations"),
      aliases: collection("aliases"),
      changes: collection("changes"),
      revocations: collection("revocations"),
      marks: collection("marks"),
      progress: collection("progress"),
      ...lazyConnect(client),
    };
  } catch {
    // Drops the driver's message, which can contain the URL with its password.
    throw new StoreUnusable("the MongoDB URL (MONGO_URL) isn't valid: use mongodb://host:27017/database");
  }
}

/** Connects with one attempt at a time until one succeeds. After that the driver reconnects on its own. */
function lazyConnect(
  client: MongoClient,
): Pick<Connection, "ensureConnected" | "close" | "hint" | "landmarks"> {
  let attempt: Promise<void> | undefined;
  let isClosed = false;
  let landmarks: Landmarks | undefined;
  const connect = async () => {
    try {
      await client.connect();
      const build = await client.db("admin").command({ buildInfo: 1 });
      landmarks = "secantusVersion" in build ? new Landmarks() : undefined;
    } catch (error) {
      attempt = undefined;
      throw error;
    }
  };
  return {
    ensureConnected: async () => {
      if (isClosed) throw new MongoNotConnectedError("the store is closed");
      attempt ??= connect();
      await attempt;
    },
    hint: (index) => (landmarks ? {} : { hint: index }),
    landmarks: () => landmarks,
    close: () => {
      isClosed = true;
      return client.close();
    },
  };
}

/**
 * Creates the client. Its timeouts end operations that `withDeadline` no longer waits for, and so free their
 * connections. The driver's own option `timeoutMS` has no effect.
 *
 * A new connection gets the whole time limit: with less, a slow server would be taken for one that can't be reached.
 * The driver doesn't repeat writes: it would do so after the caller has given up, beside the caller's own next attempt.
 * Nor does it check each text again for UTF-8, as which the driver itself wrote it.
 */
function createClient(url: string, { timeoutMs, maxConnections }: ConnectionLimits): MongoClient {
  return new MongoClient(url, {
    appName: "parley",
    maxPoolSize: maxConnections,
    serverSelectionTimeoutMS: Math.ceil(timeoutMs / 2),
    connectTimeoutMS: timeoutMs,
    retryWrites: false,
    enableUtf8Validation: false,
    waitQueueTimeoutMS: timeoutMs,
    socketTimeoutMS: timeoutMs,
  });
}

/**
 * Opens a collection. Whatever the URL says, writes wait until they are on the disks of a majority, and reads go to
 * the primary and return only data that is on a majority (L13, L19).
 */
function openCollection<D extends Document>(
  client: MongoClient,
  url: string,
  name: string,
  { timeoutMs }: ConnectionLimits,
): Collection<D> {
  return client.db(databaseOf(url)).collection(name, {
    writeConcern: { w: "majority", journal: true, wtimeoutMS: timeoutMs },
    readConcern: { level: "majority" },
    readPreference: "primary",
  });
}

/** Returns the database in the URL, or `parley` if there is none. The driver's default would be `test`. */
function databaseOf(url: string): string {
  const [, name = ""] = /^[^:]+:\/\/[^/?]*\/([^?]*)/.exec(url) ?? [];
  return name === "" ? DEFAULT_DATABASE : decodeURIComponent(name);
}
