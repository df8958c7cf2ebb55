/** A chat page without a build step: this file, and the SDK in one file next to it. */
import { connect, presentMessage } from "./parley.js";

const [signIn, composer, messages, state] = ["sign-in", "composer", "messages", "state"].map((id) =>
  document.getElementById(id),
);
let chat;
/** The messages on the page, by id, each with its line. */
const shown = new Map();

signIn.addEventListener("submit", (event) => {
  event.preventDefault();
  chat?.close();
  messages.replaceChildren();
  shown.clear();
  const { url, token } = Object.fromEntries(new FormData(signIn));
  // The cursor belongs to one user of one server. After a reload the client continues after it.
  const cursorKey = `parley-cursor ${url} ${userOf(token)}`;
  chat = connect({
    url: `${url.replace(/^http/, "ws")}/ws`,
    token: () => token, // A real page fetches a fresh token here: the SDK asks again before this one expires.
    cursor: localStorage.getItem(cursorKey) ?? undefined,
  });
  const save = () => localStorage.setItem(cursorKey, chat.cursor);
  chat.messages.subscribe((message) => {
    showMessage(message);
    save();
  });
  chat.changes.subscribe(({ message }) => {
    if (shown.has(message.id)) showMessage(message); // It may be of a message from before this page.
    save();
  });
  chat.state.subscribe(({ phase, error }) => {
    state.textContent = error ? `${phase}: ${error.message}` : phase;
  });
});

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!chat) return show("connect first");
  const { to, content } = Object.fromEntries(new FormData(composer));
  composer.elements.content.value = "";
  // The SDK retries until there is a connection. The message is shown when it arrives in `messages`.
  chat.send(to, content).catch((error) => show(`not sent (${error.code}): ${content}`));
});

/** Shows a message as it is now. One that was edited or deleted keeps its line. */
function showMessage(arrived) {
  const known = shown.get(arrived.id);
  const message = presentMessage(known?.message, arrived); // the later one of the two (P76)
  const { id, from, to, content, edited, deleted } = message;
  const text = deleted ? "(deleted)" : `${content}${edited ? " (edited)" : ""}`;
  shown.set(id, { message, item: show(`${from}${to ? ` → ${to}` : ""}: ${text}`, known?.item) });
}

/** Rewrites a line, or appends one. Messages are other people's text, so use textContent and never innerHTML. */
function show(text, item = messages.appendChild(document.createElement("li"))) {
  item.textContent = text;
  if (!item.nextSibling) item.scrollIntoView({ block: "end" });
  return item;
}

/** Returns the user in a token, without verifying the token: only the server can do that. */
function userOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub;
  } catch {
    return "?";
  }
}
