/**
 * A client of Parley that misses nothing, with the SDK (packages/client/README.md).
 *
 *   PARLEY_TOKEN=... node chat.js        each line of standard input is sent; PARLEY_TO=bob: to bob alone
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { connect } from "@parley/client";

const {
  PARLEY_URL: url = "http://localhost:8080",
  PARLEY_TOKEN: token = "",
  PARLEY_TO: to = "", // the public room
  PARLEY_CURSOR_FILE: file, // where to go on after a restart, if that is wanted
} = process.env;

const chat = connect({
  url: `${url.replace(/^http/, "ws")}/ws`,
  token: () => token, // a real client fetches a fresh one: it is asked again before this one ends
  cursor: saved(),
});

// Whole, once and in order, over any number of lost connections.
chat.messages.subscribe(({ from, content }) => {
  console.log(`${from}: ${content}`);
  if (file) writeFileSync(file, chat.cursor ?? "");
});

chat.state.subscribe((state) => {
  if (state.phase === "live") console.error(`connected as ${chat.user}`);
  if (state.phase === "catching-up") console.error(`catching up: ${state.received}`);
  if (state.phase === "offline") console.error("connection lost");
  if (state.phase === "closed") process.exit(state.error ? 1 : 0);
});

// A send waits for its connection and is tried again under one ref, so it is one message.
for await (const line of createInterface({ input: process.stdin })) {
  chat.send(to, line).then(
    () => console.log(`kept: ${line}`),
    (error) => console.log(`refused (${error.code}): ${line}`),
  );
}

function saved() {
  try {
    return file && (readFileSync(file, "utf8") || undefined);
  } catch {
    return undefined; // the first time
  }
}
