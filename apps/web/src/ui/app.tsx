import { useEffect, useState } from "preact/hooks";
import { Chat } from "../chat/chat.ts";
import { openSaved } from "../chat/saved-state.ts";
import { keepSession, keptSession, type Session } from "../chat/session.ts";
import { ChatScreen } from "./chat-screen.tsx";
import { SignIn } from "./sign-in.tsx";

/** Who is not signed in signs in; who is, chats. A reload stays where it was. */
export function App() {
  const [chat, setChat] = useState<Chat | undefined>(() => {
    const session = keptSession(sessionStorage);
    return session && begin(session);
  });
  useEffect(() => chat && whileShown(chat), [chat]);

  if (!chat) return <SignIn onSession={(session) => setChat(begin(session))} />;
  return (
    <ChatScreen
      chat={chat}
      onSignOut={() => {
        keepSession(sessionStorage, undefined);
        chat.close();
        chat.saved.forget();
        history.replaceState(null, "", location.pathname);
        setChat(undefined);
      }}
    />
  );
}

function begin(session: Session): Chat {
  keepSession(sessionStorage, session);
  return new Chat(session, openSaved(localStorage, session.user));
}

/** Tells the chat whether anybody can see it and when a network is back, and has it write down what it knows before it goes. */
function whileShown(chat: Chat): () => void {
  const look = () => chat.setVisible(document.visibilityState === "visible");
  const leave = () => chat.save();
  const retry = () => chat.reconnectNow();
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pagehide", leave);
  window.addEventListener("online", retry);
  look();
  return () => {
    document.removeEventListener("visibilitychange", look);
    window.removeEventListener("pagehide", leave);
    window.removeEventListener("online", retry);
  };
}
