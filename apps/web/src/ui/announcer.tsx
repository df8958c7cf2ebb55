import { useRef } from "preact/hooks";
import type { Chat } from "../chat/chat.ts";
import type { ChatState } from "../chat/state.ts";

/** So many new messages are read out; of more only the number is. */
const MOST_READ_OUT = 3;

/** Up to where the open conversation was told; undefined while it is still being brought up to date. */
interface Told {
  readonly open: string | undefined;
  readonly upTo: string | undefined;
  readonly text: string;
}

/** Tells a screen reader what comes live into the open conversation; history that is scrolled to is not told. */
export function Announcer({ chat }: { readonly chat: Chat }) {
  const told = useRef<Told>({ open: undefined, upTo: undefined, text: "" });
  told.current = tell(told.current, chat.state.value);
  return (
    <div class="unseen" aria-live="polite">
      {told.current.text}
    </div>
  );
}

/** What is to be told now, after what was. */
function tell(told: Told, { me, open, connection, conversations }: ChatState): Told {
  const conversation = open === undefined ? undefined : conversations.get(open);
  const messages = conversation?.messages ?? [];
  const isUpToDate =
    connection.phase === "live" && conversation !== undefined && conversation.older !== "unknown";
  const isFirstPageThere = conversation?.older !== "loading" || told.upTo !== undefined;
  const last = isUpToDate && isFirstPageThere ? (messages.at(-1)?.id ?? "") : undefined;
  const { upTo } = told;
  if (told.open !== open || upTo === undefined || last === undefined) return { open, upTo: last, text: "" };
  if (last <= upTo) return told;
  const fresh = messages.filter(({ id, from }) => id > upTo && from !== me);
  const text =
    fresh.length > MOST_READ_OUT
      ? `${fresh.length} new messages`
      : fresh.map(({ from, content }) => `${from}: ${content}`).join("\n");
  return { open, upTo: last, text: text || told.text };
}
