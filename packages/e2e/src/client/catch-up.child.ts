/** Catches up with the SDK in a separate process with a small heap. Arguments: URL, token, number of messages. */
import { connect } from "@parley/client";

const [url = "", token = "", expected = ""] = process.argv.slice(2);
const client = connect({ url, token: () => token, from: "beginning" });
let count = 0;
let last = "";
let progress = 0;
client.state.subscribe((state) => {
  if (state.phase === "catching-up") progress += 1;
  if (state.phase !== "closed" && (state.phase !== "live" || count < Number(expected))) return;
  console.log(JSON.stringify({ phase: state.phase, count, progress, last }));
  // A closed client must not keep the process alive.
  client.close();
});
client.messages.subscribe(({ id, content }) => {
  const inOrder = id > last && content.startsWith(`message ${count} `);
  if (!inOrder) throw new Error(`expected message ${count}, got ${content.slice(0, 20)}`);
  last = id;
  count += 1;
});
