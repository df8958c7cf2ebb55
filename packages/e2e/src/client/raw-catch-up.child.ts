/**
 * Catches up by the raw protocol in a separate process. Arguments: URL, token, URL of history, number of messages.
 */
import { RawReader } from "../rig/raw-reader.ts";

const [url = "", token = "", historyUrl = "", expected = ""] = process.argv.slice(2);
let count = 0;
const reader = new RawReader(({ content }) => {
  const inOrder = content.startsWith(`message ${count} `);
  if (!inOrder) throw new Error(`expected message ${count}, got ${content.slice(0, 20)}`);
  count += 1;
  if (count === 1_000) console.log("connected, and catching up");
  if (count < Number(expected)) return;
  console.log(`has ${count}`);
  reader.stop();
});
await reader.run({ url, historyUrl, token: async () => token });
