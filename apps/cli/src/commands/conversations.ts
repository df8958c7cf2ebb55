import type { Conversation, ConversationsPage, ParleyClient } from "@parley/client";
import { createClient, type ServerOptions } from "../server/connect-client.ts";
import { escapeJson, escapeLine } from "../terminal/escape.ts";
import { formatMessage } from "../terminal/format-message.ts";
import { type Io, styled } from "../terminal/io.ts";
import { withRetries } from "./history.ts";

export interface ConversationsOptions extends ServerOptions {
  readonly json: boolean;
  /** The maximum number of private conversations. */
  readonly limit: number | undefined;
  /** Prints only conversations with something unread. */
  readonly unread: boolean;
}

/** A private conversation, or the public room, whose `with` is "". */
type Listed = Omit<Conversation, "last"> & Partial<Pick<Conversation, "last">>;

/** The server counts what is unread in so many conversations of a page (P71). */
const PAGE_SIZE = 100;

/** Prints the public room and the user's private conversations, the newest first, with what is unread in each. */
export async function conversations(options: ConversationsOptions, io: Io): Promise<void> {
  const { json, unread } = options;
  const client = await createClient(options, io);
  try {
    for await (const page of pagesOf(client, options, io)) {
      for (const listed of page) {
        if (io.ended.aborted) throw io.ended.reason;
        if (unread && !listed.unread) continue;
        io.print(json ? toJson(listed) : toLine(listed));
      }
    }
  } finally {
    client.close();
  }
}

/** Yields the pages, the public room on the first one. */
async function* pagesOf(
  client: ParleyClient,
  { limit = Number.POSITIVE_INFINITY, timeoutMs }: ConversationsOptions,
  io: Io,
): AsyncGenerator<readonly Listed[]> {
  let before: string | undefined;
  for (let left = limit; left > 0; ) {
    const query = { before, limit: Math.min(left, PAGE_SIZE), signal: io.ended };
    const page = await withRetries(timeoutMs, io.ended, () => client.conversations(query));
    if (before === undefined && !page.public) {
      io.note("The server doesn't count what is unread: its version is too old.");
    }
    yield [...publicRoomOf(page), ...page.conversations];
    left -= page.conversations.length;
    before = page.next;
    if (before === undefined) return;
  }
}

function publicRoomOf({ public: room }: ConversationsPage): Listed[] {
  return room ? [{ with: "", ...room }] : [];
}

function toJson({ with: other, unread, read, readBy, last }: Listed): string {
  return escapeJson({ with: other, unread, read, readBy, last });
}

/** Returns `bob (3 unread)` and the first line of the last message. */
function toLine({ with: other, unread, last }: Listed): string {
  const name = styled("bold", other === "" ? "public" : escapeLine(other));
  const count = unread === 100 ? "100 or more" : unread;
  const note = unread ? ` ${styled("yellow", escapeLine(`(${count} unread)`))}` : "";
  if (!last) return name + note;
  const [firstLine = ""] = last.content.split(/\r?\n/);
  return `${name}${note}  ${formatMessage({ ...last, content: firstLine })}`;
}
