import { useEffect, useState } from "preact/hooks";
import { Chat } from "../chat/chat.ts";
import { localItems } from "../saved/browser-storage.ts";
import { SavedState } from "../saved/saved-state.ts";
import { loadSession, type Session, storeSession } from "../saved/session.ts";
import { ChatScreen } from "./chat-screen.tsx";
import { SignIn } from "./sign-in.tsx";

/** Shows the chat to a user who is signed in, and the sign-in to anyone else. A reload keeps the session. */
export function App() {
  const onSignedOut = () => {
    storeSession(undefined);
    history.replaceState(null, "", location.pathname);
    setChat(undefined);
  };
  const [chat, setChat] = useState<Chat | undefined>(() => {
    const session = loadSession();
    return session && startChat(session, onSignedOut);
  });
  useEffect(() => chat && connectToPage(chat), [chat]);

  if (!chat) return <SignIn onSession={(session) => setChat(startChat(session, onSignedOut))} />;
  return <ChatScreen chat={chat} />;
}

function startChat(session: Session, onSignedOut: () => void): Chat {
  storeSession(session);
  return new Chat(session, new SavedState(localItems, session.user), onSignedOut);
}

/** Tells the chat what happens to the page, until the returned function is called. */
function connectToPage(chat: Chat): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  const isVisible = () => document.visibilityState === "visible";
  const reportAttention = () => chat.setAttentive(isVisible() && document.hasFocus());
  const reportVisibility = () => {
    chat.setVisible(isVisible());
    reportAttention();
  };
  document.addEventListener("visibilitychange", reportVisibility, { signal });
  window.addEventListener("focus", reportAttention, { signal });
  window.addEventListener("blur", reportAttention, { signal });
  window.addEventListener("pagehide", () => chat.save(), { signal });
  window.addEventListener("online", () => chat.reconnectNow(), { signal });
  window.addEventListener("offline", () => chat.connectionLost(), { signal });
  // The browser asks the user before it closes the page.
  const guard = (event: Event) => chat.saved.wouldLoseText && event.preventDefault();
  window.addEventListener("beforeunload", guard, { signal });
  reportVisibility();
  return () => ended.abort();
}
