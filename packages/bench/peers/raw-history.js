import { MongoClient } from "mongodb";
import { serve } from "../src/load/tasks/serve.ts";

/** The baseline for the history scenario: the same queries through MongoDB's driver, without a service in between. */
let messages;

serve({
  async connect({ url }) {
    const client = await new MongoClient(url).connect();
    messages = client.db("parley").collection("messages");
  },

  /**
   * Closed loop: each of the `readers` repeatedly reads the newest `limit` messages. Resolves with the number of
   * pages.
   */
  async pages({ conversation, limit, readers, ms }) {
    const endsAt = performance.now() + ms;
    let pages = 0;
    const reader = async () => {
      while (performance.now() < endsAt) {
        const page = await messages.find({ conversation }).sort({ _id: -1 }).limit(limit).toArray();
        if (page.length !== limit) throw new Error(`a page has ${page.length} messages, not ${limit}`);
        pages += 1;
      }
    };
    await Promise.all(Array.from({ length: readers }, reader));
    return pages;
  },

  /**
   * Reads the whole conversation with the driver's cursor and converts each message to JSON. Resolves with the
   * totals.
   */
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
