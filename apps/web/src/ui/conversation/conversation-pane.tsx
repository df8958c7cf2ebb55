import type { Chat } from "../../chat/chat.ts";
import { mayImitate } from "../../chat/scripts.ts";
import { Avatar } from "../avatar.tsx";
import { IMITATION_WARNING, Name } from "../name.tsx";
import { Composer } from "./composer.tsx";
import { EditForm } from "./edit-form.tsx";
import { MessageList } from "./message-list.tsx";

interface Props {
  readonly chat: Chat;
  /** "" is the public room. */
  readonly partner: string;
}

export function ConversationPane({ chat, partner }: Props) {
  const { me } = chat.state.value;
  const editing = chat.editing.value;
  return (
    <main class="pane" aria-labelledby="partner">
      <header>
        <a class="back" href="#/">
          <span class="visually-hidden">Back to all conversations</span>
          <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
            <path
              d="M12 4l-6 6 6 6"
              fill="none"
              stroke="currentColor"
              stroke-width="2"
              stroke-linecap="round"
            />
          </svg>
        </a>
        <Avatar name={partner} />
        <div>
          <h2 id="partner">{partner === "" ? "Public room" : <Name name={partner} />}</h2>
          <p class="quiet">{subtitle(partner, me)}</p>
        </div>
      </header>
      <MessageList chat={chat} partner={partner} />
      {editing ? (
        <EditForm key={editing.id} chat={chat} message={editing} />
      ) : (
        <Composer key={chat.edits.value} chat={chat} partner={partner} />
      )}
    </main>
  );
}

function subtitle(partner: string, me: string): string {
  if (partner === "") return "Everybody reads this";
  if (partner === me) return "Notes to yourself";
  return mayImitate(partner) ? IMITATION_WARNING : "Private conversation";
}
