import { useEffect, useState } from "preact/hooks";
import { Chat } from "../chat/chat.ts";
import { openSavedState } from "../saved/saved-state.ts";
import { loadSession, type Session, storeSession } from "../saved/session.ts";
import { ChatScreen } from "./chat-screen.tsx";
import { SignIn } from "./sign-in.tsx";

/** Shows the chat to a user who is signed in, and the sign-in to anyone else. A reload keeps the session. */
export function App() {
  const [chat, setChat] = useState<Chat | undefined>(() => {
    const session = loadSession(sessionStorage);
    return session && startChat(session);
  });
  useEffect(() => chat && connectToPage(chat), [chat]);

  if (!chat) return <SignIn onSession={(session) => setChat(startChat(session))} />;
  return (
    <ChatScreen
      chat={chat}
      onSignOut={() => {
        storeSession(sessionStorage, undefined);
        chat.close();
        chat.saved.clear();
        history.replaceState(null, "", location.pathname);
        setChat(undefined);
      }}
    />
  );
}

function startChat(session: Session): Chat {
  storeSession(sessionStorage, session);
  return new Chat(session, openSavedState(localStorage, session.user));
}

/** Tells the chat when the page becomes visible or hidden, when the network is back, and when the page ends. */
function connectToPage(chat: Chat): () => void {
  const reportVisibility = () => chat.setVisible(document.visibilityState === "visible");
  const save = () => chat.save();
  const reconnect = () => chat.reconnectNow();
  document.addEventListener("visibilitychange", reportVisibility);
  window.addEventListener("pagehide", save);
  window.addEventListener("online", reconnect);
  reportVisibility();
  return () => {
    document.removeEventListener("visibilitychange", reportVisibility);
    window.removeEventListener("pagehide", save);
    window.removeEventListener("online", reconnect);
  };
}
