/**
 * Uses the SDK and prints each result. The arguments: the SDK's file, a running server's address, a token, and the
 * address of a port that nobody listens on.
 */
import type * as Sdk from "@parley/client";

const [sdk = "", url = "", token = "", nowhere = ""] = process.argv.slice(2);
const { connect }: typeof Sdk = await import(sdk);

// With these times, a client that waits for an event that never comes is never offline.
const patient = { heartbeat: { everyMs: 600_000, timeoutMs: 600_000 }, requestTimeoutMs: 600_000 };

const unreachable = connect({ url: nowhere, token: () => token, ...patient });
await new Promise<void>((resolve) => {
  unreachable.state.subscribe(({ phase }) => phase === "offline" && resolve());
});
console.log("offline");
unreachable.close();

const client = connect({ url, token: () => token, from: "beginning", ...patient });
const received = new Promise<string>((resolve) => {
  client.messages.subscribe(({ content }) => content === process.version && resolve(content));
});
await client.send("alice", process.version);
console.log("sent");
console.log("received", (await received) === process.version);
const { messages } = await client.history("alice", { limit: 1 });
console.log("read", messages[0]?.content === process.version);
client.close();
await client.send("alice", "x").catch((error: Sdk.ParleyError) => console.log(error.code));

const refused = connect({ url, token: () => "a.b.c", backoff: { baseMs: 50, maxMs: 200 } });
refused.state.subscribe((state) => {
  if (state.phase === "closed") console.log(state.error?.code);
});
