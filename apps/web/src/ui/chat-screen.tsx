import { useEffect } from "preact/hooks";
import type { Chat } from "../chat/chat.ts";
import { totalUnread } from "../chat/conversation-list.ts";
import { Announcer } from "./announcer.tsx";
import { ConversationPane } from "./conversation-pane.tsx";
import { hashOf, routeOf } from "./route.ts";
import { Sidebar } from "./sidebar.tsx";
import { StatusLine } from "./status-line.tsx";

interface Props {
  readonly chat: Chat;
}

/** The width from which the list and a conversation are side by side, the same as in styles/screen.css. */
const WIDE = "(min-width: 48rem)";

export function ChatScreen({ chat }: Props) {
  useEffect(() => followUrl(chat), [chat]);
  const { open } = chat.state.value;
  const unread = totalUnread(chat.state.value);
  useEffect(() => {
    document.title = unread === 0 ? "Parley" : `(${unread}) Parley`;
  }, [unread]);

  return (
    <div class={open === undefined ? "screen" : "screen has-open"}>
      {open !== undefined && (
        <button class="skip" type="button" onClick={() => document.getElementById("composer")?.focus()}>
          Skip to the message field
        </button>
      )}
      <StatusLine chat={chat} />
      <Sidebar chat={chat} />
      {open === undefined ? <EmptyPane /> : <ConversationPane key={open} chat={chat} partner={open} />}
      <Announcer chat={chat} />
    </div>
  );
}

function EmptyPane() {
  return (
    <main class="pane empty">
      <p>Choose a conversation, or start one.</p>
    </main>
  );
}

/** Opens the conversation that the URL names. On a wide screen the public room is open by default. */
function followUrl(chat: Chat): () => void {
  const follow = () => {
    const { partner } = routeOf(location.hash);
    if (partner === undefined && matchMedia(WIDE).matches) location.replace(hashOf(""));
    else chat.open(partner);
  };
  window.addEventListener("hashchange", follow);
  follow();
  return () => window.removeEventListener("hashchange", follow);
}
