import type { Message } from "@parley/client";
import type { Chat } from "../../chat/chat.ts";
import { formatDay, formatTime } from "../../chat/dates.ts";
import { failureReason, isRetryable } from "../../chat/labels.ts";
import { hueOf } from "../../chat/names.ts";
import type { Pending } from "../../chat/state.ts";
import type { Receipt } from "../../chat/unread/receipt.ts";
import { Name } from "../name.tsx";
import { MessageActions } from "./message-actions.tsx";
import { Tick } from "./tick.tsx";

/** A message, with the parts of its row that depend on the message before it. */
interface Row {
  readonly message: Message;
  /** The day, if it differs from the day of the previous message. */
  readonly day: string | undefined;
  /** True if the message begins a group: its author or day is new, or it follows a pause. */
  readonly isFirst: boolean;
}

/** The pause between two messages after which a new group begins, in ms. */
const PAUSE_MS = 5 * 60_000;

export function rowsOf(messages: readonly Message[]): Row[] {
  let dayBefore: string | undefined;
  return messages.map((message, index) => {
    const before = messages[index - 1];
    const day = formatDay(message.timestamp);
    const isNewDay = day !== dayBefore;
    dayBefore = day;
    const pause = before ? Date.parse(message.timestamp) - Date.parse(before.timestamp) : 0;
    const isFirst = isNewDay || before?.from !== message.from || pause > PAUSE_MS;
    return { message, day: isNewDay ? day : undefined, isFirst };
  });
}

interface RowProps {
  readonly chat: Chat;
  readonly row: Row;
  readonly me: string;
  readonly isPublic: boolean;
  /** True for the first message that was unread when the conversation was opened. */
  readonly isNew: boolean;
  readonly receipt: Receipt | undefined;
  /** True for the conversation's last message, which shows "Sent" if it is the user's own. */
  readonly isLatest: boolean;
}

export function MessageRow({
  chat,
  row: { message, day, isFirst },
  me,
  isPublic,
  isNew,
  receipt,
  isLatest,
}: RowProps) {
  const { id, from, content, timestamp, edited, deleted } = message;
  const isOwn = from === me;
  const bubble = deleted ? (
    <p class="bubble content gone">Message deleted</p>
  ) : (
    <p class="bubble content" dir="auto">
      {content}
    </p>
  );
  return (
    <>
      {day !== undefined && (
        <li class="day">
          <span>{day}</span>
        </li>
      )}
      {isNew && (
        <li class="new-line">
          <hr aria-label="New messages" />
          <span aria-hidden="true">New messages</span>
        </li>
      )}
      <li class={`row${isOwn ? " own" : ""}${isFirst ? " first" : ""}`} data-id={id}>
        <p class={isFirst ? "meta" : "visually-hidden"}>
          {isOwn ? (
            <span class="visually-hidden">You</span>
          ) : isPublic ? (
            <Name name={from} class={`author hue-${hueOf(from)}`} />
          ) : (
            <bdi class="visually-hidden">{from}</bdi>
          )}{" "}
          <time dateTime={timestamp}>{formatTime(timestamp)}</time>
        </p>
        {receipt ? (
          <div class="with-tick">
            {bubble}
            <Tick receipt={receipt} />
          </div>
        ) : (
          bubble
        )}
        {edited && <p class="state">Edited</p>}
        {isOwn && !deleted && <MessageActions chat={chat} message={message} />}
        {isLatest && isOwn && !deleted && !edited && !receipt && <p class="state">Sent</p>}
      </li>
    </>
  );
}

interface PendingProps {
  readonly pending: Pending;
  readonly chat: Chat;
}

/** A message that the server hasn't settled. A failed one has buttons to retry, edit or delete it. */
export function PendingRow({ pending, chat }: PendingProps) {
  const { ref, content, phase, code, isUnsaved } = pending;
  const isStuck = phase === "failed" || phase === "unknown";
  return (
    <li class={`row own first pending ${phase}`} data-ref={ref}>
      <p class="visually-hidden">You</p>
      <p class="bubble content" dir="auto">
        {content}
      </p>
      <p class="state">{stateOf(pending, chat)}</p>
      {isUnsaved && phase === "waiting" && !chat.isElsewhere(pending) && (
        <p class="state" role="alert">
          This browser could not save this message. Keep this page open until it is sent.
        </p>
      )}
      {isStuck && (
        <div class="trouble" role="alert">
          <p class="reason">
            {phase === "unknown"
              ? "The server did not answer. This message may or may not have been sent."
              : failureReason(code)}
          </p>
          {isRetryable(pending) && (
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

function stateOf(pending: Pending, chat: Chat): string {
  switch (pending.phase) {
    case "waiting":
      return chat.isElsewhere(pending) ? "Waiting in another tab…" : "Waiting…";
    case "sending":
      return "Sending…";
    default:
      return "Not sent";
  }
}
