import type { Message } from "@parley/client";
import type { Chat } from "../chat/chat.ts";
import { dayOf, hueOf, mayHelpToRetry, reasonFor, timeOf } from "../chat/labels.ts";
import type { Pending } from "../chat/state.ts";

/** A message with what depends on the one before it. */
interface Row {
  readonly message: Message;
  /** The day, where it is another one than the last message's. */
  readonly day: string | undefined;
  /** Whether somebody else begins to speak, or the same one after a pause. */
  readonly isFirst: boolean;
}

const PAUSE_MS = 5 * 60_000;

export function rowsOf(messages: readonly Message[]): Row[] {
  return messages.map((message, index) => {
    const before = messages[index - 1];
    const day = dayOf(message.timestamp);
    const isNewDay = before === undefined || dayOf(before.timestamp) !== day;
    const pause = before ? Date.parse(message.timestamp) - Date.parse(before.timestamp) : 0;
    const isFirst = isNewDay || before?.from !== message.from || pause > PAUSE_MS;
    return { message, day: isNewDay ? day : undefined, isFirst };
  });
}

interface RowProps {
  readonly row: Row;
  readonly me: string;
  readonly isPublic: boolean;
  /** The last one of the conversation: there an own one says that it has arrived. */
  readonly isLatest: boolean;
}

export function MessageRow({ row: { message, day, isFirst }, me, isPublic, isLatest }: RowProps) {
  const { id, from, content, timestamp } = message;
  const isOwn = from === me;
  const author = isOwn ? "You" : from;
  return (
    <>
      {day !== undefined && (
        <li class="day">
          <span>{day}</span>
        </li>
      )}
      <li class={`row${isOwn ? " own" : ""}${isFirst ? " first" : ""}`} data-id={id}>
        <p class={isFirst ? "meta" : "unseen"}>
          <bdi class={isPublic && !isOwn ? `author hue-${hueOf(from)}` : "unseen"}>{author}</bdi>{" "}
          <time dateTime={timestamp}>{timeOf(timestamp)}</time>
        </p>
        <p class="bubble content" dir="auto">
          {content}
        </p>
        {isLatest && isOwn && <p class="state">Sent</p>}
      </li>
    </>
  );
}

interface PendingProps {
  readonly pending: Pending;
  readonly chat: Chat;
}

/** A message that the server has not settled yet, with what can be done about it. */
export function PendingRow({ pending, chat }: PendingProps) {
  const { ref, content, phase, code } = pending;
  const isStuck = phase === "failed" || phase === "unknown";
  return (
    <li class={`row own first pending ${phase}`} data-ref={ref}>
      <p class="unseen">You</p>
      <p class="bubble content" dir="auto">
        {content}
      </p>
      <p class="state">{isStuck ? "Not sent" : phase === "sending" ? "Sending…" : "Waiting…"}</p>
      {isStuck && (
        <div class="trouble" role="alert">
          <p class="reason">
            {phase === "unknown" ? "No answer came: it may or may not have arrived." : reasonFor(code)}
          </p>
          {mayHelpToRetry(pending) && (
            <button class="link" type="button" onClick={() => chat.retry(ref)}>
              Try again
            </button>
          )}
          <button class="link" type="button" onClick={() => chat.edit(ref)}>
            Edit
          </button>
          <button class="link" type="button" onClick={() => chat.discard(ref)}>
            Delete
          </button>
        </div>
      )}
    </li>
  );
}
