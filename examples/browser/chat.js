/** A page without a build step: the SDK in one file, and this one. */
import { connect } from "./parley.js";

const [entry, typing, messages, state] = ["entry", "typing", "messages", "state"].map((id) =>
  document.getElementById(id),
);
/** Where to go on after a reload, for each server and user. */
const placeOf = (url, user) => `parley-cursor ${url} ${user}`;
let chat;

entry.addEventListener("submit", (event) => {
  event.preventDefault();
  chat?.close();
  messages.replaceChildren();
  const { url, token } = Object.fromEntries(new FormData(entry));
  const place = placeOf(url, userOf(token));
  chat = connect({
    url: `${url.replace(/^http/, "ws")}/ws`,
    token: () => token, // a real page fetches a fresh one: it is asked again before this one ends
    cursor: localStorage.getItem(place) ?? undefined,
  });
  chat.messages.subscribe(({ from, to, content }) => {
    show(`${from}${to ? ` → ${to}` : ""}: ${content}`);
    localStorage.setItem(place, chat.cursor);
  });
  chat.state.subscribe((now) => {
    state.textContent = now.error ? `${now.phase}: ${now.error.message}` : now.phase;
  });
});

typing.addEventListener("submit", (event) => {
  event.preventDefault();
  const { to, content } = Object.fromEntries(new FormData(typing));
  typing.elements.content.value = "";
  // Without a connection it waits; it is one message, however often it is tried. It shows when it comes back.
  chat
    ? chat.send(to, content).catch((error) => show(`not sent (${error.code}): ${content}`))
    : show("connect first");
});

/** Text is only ever text: never innerHTML. */
function show(text) {
  const item = document.createElement("li");
  item.textContent = text;
  messages.append(item);
  item.scrollIntoView({ block: "end" });
}

/** Who a token is of, to keep places apart; the server is what judges it. */
function userOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub;
  } catch {
    return "?";
  }
}
