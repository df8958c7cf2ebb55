import { useEffect, useState } from "preact/hooks";
import type { Chat } from "../chat/chat.ts";
import { totalUnread } from "../chat/conversation-list.ts";
import { INVALID_NAME } from "../chat/names.ts";
import { Announcer } from "./announcer.tsx";
import { ConversationPane } from "./conversation/conversation-pane.tsx";
import { hashOf, routeOf } from "./route.ts";
import { Sidebar } from "./sidebar/sidebar.tsx";
import { StatusLine } from "./status-line.tsx";

interface Props {
  readonly chat: Chat;
}

/** The width from which the list and a conversation are side by side, the same as in styles/screen.css. */
const WIDE = "(min-width: 48rem)";

/** The number of characters of an invalid name that are shown. */
const MAX_QUOTED = 100;

export function ChatScreen({ chat }: Props) {
  const [invalidName, setInvalidName] = useState<string | undefined>(undefined);
  useEffect(() => followUrl(chat, setInvalidName), [chat]);
  const { open } = chat.state.value;
  const unread = totalUnread(chat.state.value);
  useEffect(() => {
    document.title = unread === "" ? "Parley" : `(${unread}) Parley`;
  }, [unread]);

  return (
    <div class={open === undefined && invalidName === undefined ? "screen" : "screen has-open"}>
      {open !== undefined && (
        <button class="skip" type="button" onClick={() => document.getElementById("composer")?.focus()}>
          Skip to the message field
        </button>
      )}
      <StatusLine chat={chat} />
      <Sidebar chat={chat} />
      {open === undefined ? (
        <EmptyPane invalidName={invalidName} />
      ) : (
        <ConversationPane key={open} chat={chat} partner={open} />
      )}
      <Announcer chat={chat} />
    </div>
  );
}

function EmptyPane({ invalidName }: { readonly invalidName: string | undefined }) {
  return (
    <main class="pane empty">
      {invalidName === undefined ? (
        <p>Choose a conversation, or start one.</p>
      ) : (
        <>
          <p role="alert">
            This address contains no valid name{invalidName && <InvalidName text={invalidName} />}.
          </p>
          <p>{INVALID_NAME}.</p>
          <a href="#/">Show all conversations</a>
        </>
      )}
    </main>
  );
}

/** The beginning of a text, isolated from the direction of the text around it. */
function InvalidName({ text }: { readonly text: string }) {
  return (
    <>
      : <q dir="auto">{[...text].slice(0, MAX_QUOTED).join("")}</q>
    </>
  );
}

/** Opens the conversation that the URL names. On a wide screen the public room is open by default. */
function followUrl(chat: Chat, onInvalidName: (name: string | undefined) => void): () => void {
  const follow = () => {
    const { partner, invalidName } = routeOf(location.hash);
    onInvalidName(invalidName);
    const isList = partner === undefined && invalidName === undefined;
    if (isList && matchMedia(WIDE).matches) location.replace(hashOf(""));
    else chat.open(partner);
  };
  window.addEventListener("hashchange", follow);
  follow();
  return () => window.removeEventListener("hashchange", follow);
}
