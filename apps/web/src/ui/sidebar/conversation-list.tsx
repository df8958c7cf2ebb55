import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Conversation } from "../../chat/state.ts";
import { Entry } from "./entry.tsx";

interface Props {
  readonly conversations: readonly Conversation[];
  readonly me: string;
  readonly open: string | undefined;
}

/** The number of entries in the document before the list has been measured. */
const FIRST_ENTRIES = 40;
/** The number of entries before and after those on the screen. The list changes only when half of them are left. */
const SPARE_ENTRIES = 20;

/**
 * The list of conversations. Only the entries on the screen and a few around them are in the document, because each
 * message changes the list's order. All entries have the same height, so the others are replaced by empty space.
 */
export function ConversationList({ conversations, me, open }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const [{ from, to, height }, setWindow] = useState({ from: 0, to: FIRST_ENTRIES, height: 0 });
  const count = conversations.length;
  const end = Math.min(to, count);
  const start = Math.min(from, Math.max(0, end - FIRST_ENTRIES));
  useLayoutEffect(() => onMove(list.current, (next) => setWindow((before) => moved(before, next))), []);
  return (
    <ul
      ref={list}
      class="conversations"
      style={{ paddingTop: `${start * height}px`, paddingBottom: `${(count - end) * height}px` }}
    >
      {conversations.slice(start, end).map((conversation, index) => (
        <Entry
          key={conversation.with}
          conversation={conversation}
          place={start + index + 1}
          count={count}
          me={me}
          isOpen={open === conversation.with}
        />
      ))}
    </ul>
  );
}

/** The entries in the document, and the height of each, in pixels. */
interface Window {
  readonly from: number;
  readonly to: number;
  readonly height: number;
}

/** Returns the window to use for the entries on the screen: the one before, as long as it has entries to spare. */
function moved(before: Window, { from, to, height }: Window): Window {
  const half = SPARE_ENTRIES / 2;
  const isEnough = before.from <= Math.max(0, from - half) && before.to >= to + half;
  const isSmall = before.to - before.from <= to - from + 3 * SPARE_ENTRIES;
  if (isEnough && isSmall && before.height === height) return before;
  return { from: Math.max(0, from - SPARE_ENTRIES), to: to + SPARE_ENTRIES, height };
}

/**
 * Calls `act` with the entries on the screen, now and when the list is scrolled, its size changes, or an entry gets the
 * focus. The focused entry counts as on the screen: a busy page hears of the scrolling only after further keys.
 */
function onMove(list: HTMLElement | null, act: (visible: Window) => void): () => void {
  const scroller = list?.parentElement;
  if (!list || !scroller) return () => undefined;
  const measure = (focused?: Element | null) => {
    const height = list.firstElementChild?.getBoundingClientRect().height ?? 0;
    if (height === 0) return;
    const listTop = list.getBoundingClientRect().top;
    const screen = scroller.getBoundingClientRect();
    const focus = focused?.getBoundingClientRect() ?? screen;
    const top = Math.min(screen.top, focus.top) - listTop;
    const bottom = Math.max(screen.bottom, focus.bottom) - listTop;
    act({ from: Math.max(0, Math.floor(top / height)), to: Math.max(0, Math.ceil(bottom / height)), height });
  };
  const onScroll = () => measure();
  const onFocus = ({ target }: Event) => measure(target instanceof Element ? target.closest("li") : null);
  const observer = new ResizeObserver(onScroll);
  observer.observe(scroller);
  scroller.addEventListener("scroll", onScroll, { passive: true });
  list.addEventListener("focusin", onFocus);
  measure();
  return () => {
    observer.disconnect();
    scroller.removeEventListener("scroll", onScroll);
    list.removeEventListener("focusin", onFocus);
  };
}
