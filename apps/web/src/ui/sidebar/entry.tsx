import type { Message } from "@parley/client";
import { unreadText } from "../../chat/conversation-list.ts";
import { formatShort } from "../../chat/dates.ts";
import type { Conversation } from "../../chat/state.ts";
import { Avatar } from "../avatar.tsx";
import { Name } from "../name.tsx";
import { hashOf } from "../route.ts";

interface EntryProps {
  readonly conversation: Conversation;
  /** The entry's place in the list, from 1 on, and the number of all entries. Most entries aren't in the document. */
  readonly place: number;
  readonly count: number;
  readonly me: string;
  readonly isOpen: boolean;
}

export function Entry({ conversation, place, count, me, isOpen }: EntryProps) {
  const { with: partner, last, unread, older } = conversation;
  return (
    <li aria-posinset={place} aria-setsize={count}>
      <a href={hashOf(partner)} aria-current={isOpen ? "page" : undefined}>
        <Avatar name={partner} />
        <span class="partner">
          {partner === "" ? <bdi>Public room</bdi> : <Name name={partner} />}
          {partner === me && " (you)"}
        </span>
        {last && (
          <time class="quiet" dateTime={last.timestamp}>
            {formatShort(last.timestamp)}
          </time>
        )}
        <span class="preview quiet" dir="auto">
          {last ? <Preview last={last} partner={partner} me={me} /> : older === "none" && "Nothing said yet"}
        </span>
        {unread > 0 && (
          <span class="unread">
            {unreadText(conversation)}
            <span class="visually-hidden"> unread</span>
          </span>
        )}
      </a>
    </li>
  );
}

interface PreviewProps {
  readonly last: Message;
  readonly partner: string;
  readonly me: string;
}

/**
 * The beginning of a conversation's last message. The author's name comes first, unless the author is the partner.
 */
function Preview({ last: { from, content, deleted }, partner, me }: PreviewProps) {
  return (
    <>
      {from !== partner && <>{from === me ? <bdi>You</bdi> : <Name name={from} />}: </>}
      {deleted ? "Message deleted" : content.slice(0, 120)}
    </>
  );
}
