/** A chat page without a build step: this file, and the SDK in one file next to it. */
import { connect } from "./parley.js";

const [signIn, composer, messages, state] = ["sign-in", "composer", "messages", "state"].map((id) =>
  document.getElementById(id),
);
let chat;

signIn.addEventListener("submit", (event) => {
  event.preventDefault();
  chat?.close();
  messages.replaceChildren();
  const { url, token } = Object.fromEntries(new FormData(signIn));
  // The cursor belongs to one user of one server. After a reload the client continues after it.
  const cursorKey = `parley-cursor ${url} ${userOf(token)}`;
  chat = connect({
    url: `${url.replace(/^http/, "ws")}/ws`,
    token: () => token, // A real page fetches a fresh token here: the SDK asks again before this one expires.
    cursor: localStorage.getItem(cursorKey) ?? undefined,
  });
  chat.messages.subscribe(({ from, to, content }) => {
    show(`${from}${to ? ` → ${to}` : ""}: ${content}`);
    localStorage.setItem(cursorKey, chat.cursor);
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

/** Appends a line. Messages are other people's text, so use textContent and never innerHTML. */
function show(text) {
  const item = document.createElement("li");
  item.textContent = text;
  messages.append(item);
  item.scrollIntoView({ block: "end" });
}

/** Returns the user in a token, without verifying the token: only the server can do that. */
function userOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub;
  } catch {
    return "?";
  }
}
