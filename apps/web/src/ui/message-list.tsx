import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "../chat/chat.ts";
import { pendingIn } from "../chat/conversation-list.ts";
import type { Conversation } from "../chat/state.ts";
import { atEnd, hold, rangeOf, showNewer, showOlder, type View } from "../chat/view.ts";
import { MessageRow, PendingRow, rowsOf } from "./message-row.tsx";
import { type Anchor, anchorIn, isAtBottom, isNearBottom, isNearTop, restore } from "./scroll-anchor.ts";

interface Props {
  readonly chat: Chat;
  readonly partner: string;
}

/** A part of the conversation that fits a document, moved along as one scrolls; what is read stays where it is. */
export function MessageList({ chat, partner }: Props) {
  const state = chat.state.value;
  const conversation = state.conversations.get(partner);
  const messages = conversation?.messages ?? [];
  const [view, setView] = useState<View>(atEnd);
  const scroller = useRef<HTMLElement>(null);
  const anchor = useRef<Anchor | undefined>(undefined);
  const { from, to } = rangeOf(messages, view);
  const shown = messages.slice(from, to);
  const isWhole = to === messages.length;
  const pending = isWhole ? pendingIn(state, partner) : [];

  const look = (element: HTMLElement) => {
    const following = isWhole && isAtBottom(element);
    chat.setFollowing(following);
    anchor.current = following ? undefined : anchorIn(element);
    if (following !== (view === atEnd)) setView(following ? atEnd : hold(messages, view));
    // At the end what is in memory already is not needed: it would only be taken away again.
    if (isNearTop(element) && (from === 0 || !following)) older();
    else if (!isWhole && isNearBottom(element)) setView(showNewer(messages, view));
  };
  const older = () => {
    if (from > 0) setView(showOlder(messages, view));
    else if (conversation?.older === "more") void chat.loadOlder(partner);
  };
  const toEnd = () => {
    anchor.current = undefined;
    setView(atEnd);
    chat.setFollowing(true);
  };

  // What one has just sent is what one wants to see.
  const newest = pending.at(-1)?.ref;
  useLayoutEffect(() => {
    if (newest !== undefined) toEnd();
  }, [newest]);
  useLayoutEffect(() => {
    const element = scroller.current;
    restore(element, anchor.current);
    // What does not fill the screen cannot be scrolled up, nor can what stands at the top when its page comes.
    const isFull = element !== null && element.scrollHeight > element.clientHeight;
    if (element && (isFull ? anchor.current && isNearTop(element) : from === 0)) older();
  });
  useLayoutEffect(() => whenResized(scroller.current, () => restore(scroller.current, anchor.current)), []);

  return (
    <div class="messages">
      <section
        ref={scroller}
        class="scroller"
        aria-label={partner === "" ? "Messages of the public room" : `Messages with ${partner}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be scrollable by keyboard.
        tabIndex={0}
        onScroll={(event) => look(event.currentTarget)}
      >
        <Beginning
          conversation={conversation}
          isShown={from === 0}
          retry={() => void chat.loadOlder(partner)}
        />
        <ol>
          {rowsOf(shown).map((row) => (
            <MessageRow
              key={row.message.id}
              row={row}
              me={state.me}
              isPublic={partner === ""}
              isLatest={pending.length === 0 && row.message === messages.at(-1)}
            />
          ))}
          {pending.map((one) => (
            <PendingRow key={one.ref} pending={one} chat={chat} />
          ))}
        </ol>
      </section>
      {!state.following && (
        <button class="to-end" type="button" onClick={toEnd}>
          Newest messages ↓
        </button>
      )}
    </div>
  );
}

interface BeginningProps {
  readonly conversation: Conversation | undefined;
  readonly isShown: boolean;
  readonly retry: () => void;
}

function Beginning({ conversation, isShown, retry }: BeginningProps) {
  if (!conversation || !isShown) return null;
  const { older, messages, with: partner } = conversation;
  if (older === "failed") {
    return (
      <p class="beginning">
        Older messages cannot be read right now.{" "}
        <button class="link" type="button" onClick={retry}>
          Try again
        </button>
      </p>
    );
  }
  if (older === "loading" || older === "more") return <p class="beginning quiet">Reading older messages…</p>;
  if (older === "unknown") return <p class="beginning quiet">Waiting for the server…</p>;
  return (
    <p class="beginning quiet">{messages.length === 0 ? nothingYet(partner) : "This is where it begins."}</p>
  );
}

function nothingYet(partner: string): string {
  return partner === "" ? "Nobody has said anything yet. Be the first." : `Say hello to ${partner}.`;
}

/** A keyboard that opens on a phone takes half of the list's height. */
function whenResized(element: HTMLElement | null, act: () => void): () => void {
  const observer = new ResizeObserver(act);
  if (element) observer.observe(element);
  return () => observer.disconnect();
}
