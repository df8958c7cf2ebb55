import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "../../chat/chat.ts";
import { pendingIn } from "../../chat/conversation-list.ts";
import type { Conversation } from "../../chat/state.ts";
import { idBelowLine } from "../../chat/unread/new-line.ts";
import { receiptOf } from "../../chat/unread/receipt.ts";
import { atEnd, hold, rangeOf, showNewer, showOlder, type View } from "../../chat/view.ts";
import { MessageRow, PendingRow, rowsOf } from "./message-row.tsx";
import {
  anchorIn,
  isAtBottom,
  isNearBottom,
  isNearTop,
  newestOnScreen,
  restoreScroll,
  type ScrollAnchor,
} from "./scroll-anchor.ts";

interface Props {
  readonly chat: Chat;
  readonly partner: string;
}

/** Shows a bounded part of the conversation. Scrolling moves the part, while the visible rows stay in place. */
export function MessageList({ chat, partner }: Props) {
  const state = chat.state.value;
  const conversation = state.conversations.get(partner);
  const messages = conversation?.messages ?? [];
  const [view, setView] = useState<View>(atEnd);
  const scroller = useRef<HTMLElement>(null);
  const anchor = useRef<ScrollAnchor | undefined>(undefined);
  const { from, to } = rangeOf(messages, view);
  const shown = messages.slice(from, to);
  const isEndShown = to === messages.length;
  const pending = isEndShown ? pendingIn(state, partner) : [];
  const belowLine = conversation && idBelowLine(state, conversation);

  const reportScreen = () => {
    const id = scroller.current ? newestOnScreen(scroller.current) : undefined;
    if (id !== undefined) chat.setOnScreen(partner, id);
  };

  const onScroll = (element: HTMLElement) => {
    const following = isEndShown && isAtBottom(element);
    chat.setFollowing(following);
    anchor.current = following ? undefined : anchorIn(element);
    if (following !== (view === atEnd)) setView(following ? atEnd : hold(messages, view));
    // While the list follows the end, only pages from the server are loaded: the view would drop other rows again.
    if (isNearTop(element) && (from === 0 || !following)) loadOlder();
    else if (!isEndShown && isNearBottom(element)) setView(showNewer(messages, view));
    reportScreen();
  };
  const loadOlder = () => {
    if (from > 0) setView(showOlder(messages, view));
    else if (conversation?.older === "more") void chat.loadOlder(partner);
  };
  const scrollToEnd = () => {
    anchor.current = undefined;
    setView(atEnd);
    chat.setFollowing(true);
  };

  // A message that the user just sent is scrolled into view.
  const newestRef = pending.at(-1)?.ref;
  useLayoutEffect(() => {
    if (newestRef !== undefined) scrollToEnd();
  }, [newestRef]);
  useLayoutEffect(() => {
    const element = scroller.current;
    restoreScroll(element, anchor.current);
    // Loads more if the list can't be scrolled up: it doesn't fill the screen, or it is at its top already.
    const isFull = element !== null && element.scrollHeight > element.clientHeight;
    if (element && (isFull ? anchor.current && isNearTop(element) : from === 0)) loadOlder();
    reportScreen();
  });
  useLayoutEffect(
    () =>
      onResize(scroller.current, () => {
        restoreScroll(scroller.current, anchor.current);
        reportScreen();
      }),
    [],
  );

  return (
    <div class="messages">
      <section
        ref={scroller}
        class="scroller"
        aria-label={partner === "" ? "Messages of the public room" : `Messages with ${partner}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable area must be reachable by keyboard.
        tabIndex={0}
        onScroll={(event) => onScroll(event.currentTarget)}
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
              chat={chat}
              row={row}
              me={state.me}
              isPublic={partner === ""}
              isNew={row.message.id === belowLine}
              receipt={receiptOf(state, conversation, row.message)}
              isLatest={pending.length === 0 && row.message === messages.at(-1)}
            />
          ))}
          {pending.map((one) => (
            <PendingRow key={one.ref} pending={one} chat={chat} />
          ))}
        </ol>
      </section>
      {!state.following && (
        <button class="to-end" type="button" onClick={scrollToEnd}>
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
        Older messages can't be loaded right now.{" "}
        <button class="link" type="button" onClick={retry}>
          Try again
        </button>
      </p>
    );
  }
  if (older === "loading" || older === "more") return <p class="beginning quiet">Loading older messages…</p>;
  if (older === "unknown") return <p class="beginning quiet">Waiting for the server…</p>;
  return (
    <p class="beginning quiet">
      {messages.length > 0 ? "This is the beginning of the conversation." : <NothingYet partner={partner} />}
    </p>
  );
}

function NothingYet({ partner }: { readonly partner: string }) {
  if (partner === "") return "Nobody has said anything yet. Be the first.";
  return (
    <>
      Say hello to <bdi>{partner}</bdi>.
    </>
  );
}

/** Calls `act` when the element's size changes, for example because a phone's keyboard opens. */
function onResize(element: HTMLElement | null, act: () => void): () => void {
  const observer = new ResizeObserver(act);
  if (element) observer.observe(element);
  return () => observer.disconnect();
}
