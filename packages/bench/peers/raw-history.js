import { MongoClient } from "mongodb";
import { serve } from "../src/load/tasks/serve.ts";

/** What history costs at least: the queries behind it, with MongoDB's own driver and nothing around it. */
let messages;

serve({
  async connect({ url }) {
    const client = await new MongoClient(url).connect();
    messages = client.db("parley").collection("messages");
  },

  /** Closed loop: so many readers at a time, each asking again for the newest `limit` messages. Resolves with the pages. */
  async pages({ conversation, limit, readers, ms }) {
    const endsAt = performance.now() + ms;
    let pages = 0;
    const reader = async () => {
      while (performance.now() < endsAt) {
        const page = await messages.find({ conversation }).sort({ _id: -1 }).limit(limit).toArray();
        if (page.length !== limit) throw new Error(`a page of ${page.length} messages`);
        pages += 1;
      }
    };
    await Promise.all(Array.from({ length: readers }, reader));
    return pages;
  },

  /** The whole conversation with the driver's own cursor, each message as JSON. Resolves with how many there were. */
  async whole({ conversation }) {
    let count = 0;
    let bytes = 0;
    for await (const message of messages.find({ conversation }).sort({ _id: 1 })) {
      bytes += JSON.stringify(message).length;
      count += 1;
    }
    return { count, bytes };
  },
});
