import type { TargetedSubmitEvent } from "preact";
import { useId, useState } from "preact/hooks";
import type { Chat } from "../../chat/chat.ts";
import { sortedConversations } from "../../chat/conversation-list.ts";
import type { ConversationLoader } from "../../chat/conversation-loader.ts";
import { INVALID_NAME, parseName } from "../../chat/names.ts";
import { Logo } from "../logo.tsx";
import { hashOf } from "../route.ts";
import { ConversationList } from "./conversation-list.tsx";

export function Sidebar({ chat }: { readonly chat: Chat }) {
  const state = chat.state.value;
  const unsent = state.outbox.length;
  const signOut = () => {
    const question = `${unsent === 1 ? "1 message has" : `${unsent} messages have`} not been sent and will be lost. Sign out?`;
    if (unsent === 0 || confirm(question)) chat.signOut();
  };
  return (
    <nav class="sidebar" aria-label="Conversations">
      <header>
        <h1>
          <Logo />
          Parley
        </h1>
        <p class="me">
          <span class="quiet">Signed in as </span>
          <bdi>{state.me}</bdi>
        </p>
        <button class="link" type="button" onClick={signOut}>
          Sign out
        </button>
      </header>
      <NewConversation />
      <ConversationList conversations={sortedConversations(state)} me={state.me} open={state.open} />
      <EndOfList list={chat.list} isEmpty={state.conversations.size === 1} />
    </nav>
  );
}

interface EndOfListProps {
  readonly list: ConversationLoader;
  /** True if no private conversation is known. */
  readonly isEmpty: boolean;
}

function EndOfList({ list, isEmpty }: EndOfListProps) {
  switch (list.state.value) {
    case "loading":
      return <p class="hint quiet">Loading your conversations…</p>;
    case "failed":
      return (
        <p class="hint" role="alert">
          Your conversations can't be loaded right now. The page tries again by itself.{" "}
          <button class="link" type="button" onClick={() => void list.load()}>
            Try again
          </button>
        </p>
      );
    case "more":
      return (
        <button class="link" type="button" onClick={() => void list.load()}>
          More conversations
        </button>
      );
    case "all":
      if (!isEmpty) return null;
      return <p class="hint quiet">Private conversations appear here. Type a username above to start one.</p>;
  }
}

function NewConversation() {
  const id = useId();
  const [problem, setProblem] = useState("");
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = parseName(String(new FormData(event.currentTarget).get("with") ?? ""));
    if (name === undefined) return setProblem(INVALID_NAME);
    setProblem("");
    event.currentTarget.reset();
    location.hash = hashOf(name);
  };
  return (
    <form class="new-conversation" onSubmit={submit}>
      <label class="visually-hidden" for={id}>
        Username of the person to talk with
      </label>
      <input
        id={id}
        name="with"
        placeholder="Talk with…"
        dir="auto"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        aria-invalid={problem !== ""}
        aria-describedby={`${id}-problem`}
      />
      <button type="submit">Start</button>
      <p id={`${id}-problem`} class="problem" role="alert">
        {problem}
      </p>
    </form>
  );
}
