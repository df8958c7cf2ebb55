import { type Collection, type Document, MongoClient, MongoNotConnectedError } from "mongodb";
import { StoreUnusable } from "../errors.ts";
import type { ConversationDocument, MessageDocument } from "./document.ts";

const DEFAULT_DATABASE = "parley";

export interface Limits {
  /** Every operation is settled within this, in ms. */
  readonly timeoutMs: number;
  /** Connections to each server at most; what needs one more waits, within its time. */
  readonly maxConnections: number;
}

export interface Collections {
  readonly messages: Collection<MessageDocument>;
  readonly conversations: Collection<ConversationDocument>;
}

export interface Connection extends Collections {
  readonly client: MongoClient;
  /**
   * Makes a read name the index that serves it, so that no plan of the server's can walk more; known once connected.
   * SecantusDB would walk the whole of an index that is named, and finds the part that is asked for if none is.
   */
  hint<Index extends Hint>(index: Index): { readonly hint?: Index };
  /**
   * To be awaited before each operation: the driver connects with the first one by itself, but where that fails every
   * later one finds what is left of it, for ever. Rejects as an operation would, and once the client is closed.
   */
  connected(): Promise<void>;
  close(): Promise<void>;
}

/** An index by its keys. */
type Hint = Readonly<Record<string, 1 | -1>>;

/** Nothing is connected before the first operation. Throws StoreUnusable for a URL that is none. */
export function connectionTo(url: string, limits: Limits): Connection {
  try {
    const client = clientOf(url, limits);
    const collection = <D extends Document>(name: string) => collectionOf<D>(client, url, name, limits);
    return {
      client,
      messages: collection("messages"),
      conversations: collection("conversations"),
      ...connecting(client),
    };
  } catch {
    // The driver's message can hold the URL, and with it the password.
    throw new StoreUnusable("the MongoDB URL is not valid");
  }
}

/** One attempt at a time, until the first that goes well: after that the driver finds its servers again by itself. */
function connecting(client: MongoClient): Pick<Connection, "connected" | "close" | "hint"> {
  let attempt: Promise<void> | undefined;
  let isClosed = false;
  let isNamed = true;
  const connect = async () => {
    try {
      await client.connect();
      const build = await client.db("admin").command({ buildInfo: 1 });
      isNamed = !("secantusVersion" in build);
    } catch (error) {
      attempt = undefined;
      throw error;
    }
  };
  return {
    connected: async () => {
      if (isClosed) throw new MongoNotConnectedError("the store is closed");
      attempt ??= connect();
      await attempt;
    },
    hint: (index) => (isNamed ? { hint: index } : {}),
    close: () => {
      isClosed = true;
      return client.close();
    },
  };
}

/**
 * The times are the driver's own ends of what an operation leaves behind that was given up: they free its
 * connection. The driver's `timeoutMS` has no effect.
 */
function clientOf(url: string, { timeoutMs, maxConnections }: Limits): MongoClient {
  return new MongoClient(url, {
    appName: "parley",
    maxPoolSize: maxConnections,
    serverSelectionTimeoutMS: Math.ceil(timeoutMs / 2),
    connectTimeoutMS: Math.ceil(timeoutMs / 2),
    waitQueueTimeoutMS: timeoutMs,
    socketTimeoutMS: timeoutMs,
  });
}

/** What is written is on the disks of a majority; what is read was. Whatever the URL says about it. */
function collectionOf<D extends Document>(
  client: MongoClient,
  url: string,
  name: string,
  { timeoutMs }: Limits,
): Collection<D> {
  return client.db(databaseOf(url)).collection(name, {
    writeConcern: { w: "majority", journal: true, wtimeoutMS: timeoutMs },
    readConcern: { level: "majority" },
    readPreference: "primary",
  });
}

/** The URL's database; `parley` where it names none (the driver would take `test`). */
function databaseOf(url: string): string {
  const [, name = ""] = /^[^:]+:\/\/[^/?]*\/([^?]*)/.exec(url) ?? [];
  return name === "" ? DEFAULT_DATABASE : decodeURIComponent(name);
}
