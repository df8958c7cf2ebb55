import { useRef } from "preact/hooks";
import type { Chat } from "../chat/chat.ts";
import type { ChatState } from "../chat/state.ts";

/** The maximum number of new messages that are read out in full. If there are more, only their number is read out. */
const MAX_READ_OUT = 3;

interface Announcement {
  readonly open: string | undefined;
  /** The id up to which the open conversation was announced. Undefined until the conversation is up to date. */
  readonly upTo: string | undefined;
  readonly text: string;
}

/** Announces live messages of the open conversation to screen readers. Messages of history aren't announced. */
export function Announcer({ chat }: { readonly chat: Chat }) {
  const announcement = useRef<Announcement>({ open: undefined, upTo: undefined, text: "" });
  announcement.current = nextAnnouncement(announcement.current, chat.state.value);
  return (
    <div class="visually-hidden" aria-live="polite">
      {announcement.current.text}
    </div>
  );
}

function nextAnnouncement(
  previous: Announcement,
  { me, open, connection, conversations }: ChatState,
): Announcement {
  const conversation = open === undefined ? undefined : conversations.get(open);
  const messages = conversation?.messages ?? [];
  const isUpToDate =
    connection.phase === "live" && conversation !== undefined && conversation.older !== "unknown";
  const isFirstPageLoaded = conversation?.older !== "loading" || previous.upTo !== undefined;
  const last = isUpToDate && isFirstPageLoaded ? (messages.at(-1)?.id ?? "") : undefined;
  const { upTo } = previous;
  if (previous.open !== open || upTo === undefined || last === undefined) {
    return { open, upTo: last, text: "" };
  }
  if (last <= upTo) return previous;
  const fresh = messages.filter(({ id, from }) => id > upTo && from !== me);
  const text =
    fresh.length > MAX_READ_OUT
      ? `${fresh.length} new messages`
      : fresh.map(({ from, content }) => `${from}: ${content}`).join("\n");
  return { open, upTo: last, text: text || previous.text };
}
