/**
 * A chat client with the SDK (packages/client/README.md) that misses no message.
 *
 *   PARLEY_TOKEN=... node chat.js        sends each line of standard input; with PARLEY_TO=bob to bob only
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { connect } from "@parley/client";

const {
  PARLEY_URL: url = "http://localhost:8080",
  PARLEY_TOKEN: token = "",
  PARLEY_TO: to = "", // the public room
  PARLEY_CURSOR_FILE: cursorFile, // optional: saves the cursor, to continue after a restart
} = process.env;

const chat = connect({
  url: `${url.replace(/^http/, "ws")}/ws`,
  token: () => token, // A real client fetches a fresh token here: the SDK asks again before this one expires.
  cursor: readCursor(),
});

// Every message, edit and deletion arrives once and in order, however often the connection is lost.
chat.messages.subscribe(show);
chat.changes.subscribe(({ message }) => show(message));

chat.state.subscribe((state) => {
  if (state.phase === "live") console.error(`connected as ${chat.user}`);
  if (state.phase === "catching-up") console.error(`catching up: ${state.received}`);
  if (state.phase === "offline") console.error("connection lost");
  if (state.phase === "closed") process.exit(state.error ? 1 : 0);
});

// The SDK retries a send under one ref until there is a connection, so it stays one message.
for await (const line of createInterface({ input: process.stdin })) {
  chat.send(to, line).then(
    () => console.log(`kept: ${line}`),
    (error) => console.log(`refused (${error.code}): ${line}`),
  );
}

/** Shows a message as it is now: new, edited or deleted. */
function show({ from, content, edited, deleted }) {
  console.log(`${from}${deleted ? " (deleted)" : edited ? " (edited)" : ""}: ${printable(content)}`);
  if (cursorFile) writeFileSync(cursorFile, chat.cursor ?? "");
}

/** Others wrote the text, and a terminal acts on control characters. */
function printable(text) {
  return text.replace(/\p{Cc}/gu, "?");
}

function readCursor() {
  try {
    return cursorFile && (readFileSync(cursorFile, "utf8") || undefined);
  } catch {
    return undefined; // The file doesn't exist at the first start.
  }
}
