import type { Link } from "../connection/link.ts";
import { runOrUnavailable } from "../connection/run-or-unavailable.ts";
import { readServer } from "../connection/server-role.ts";
import { decodeEntry } from "../format/entry.ts";
import { type LogHead, type LogPage, readHead, readPage } from "../log/log-reader.ts";
import type { Delivery, LiveStream } from "./live-stream.ts";

/** The most entries in one read. Appends wait behind it on the same connection. */
const PAGE = 256;

export interface RepairDeps {
  /** Leads to the log that is read. */
  readonly link: Link;
  readonly stream: LiveStream;
  /** The term of the server that the stream's subscriber connection leads to, see ServerInfo. */
  readonly term: string;
  /** Aborted before the stream gets another connection. */
  readonly signal: AbortSignal;
}

export type RepairOutcome =
  /** The stream is live. `messages` were read from the log to fill a hole; undefined if there was no hole to fill. */
  | { readonly kind: "repaired"; readonly messages: number | undefined }
  /** The link leads to another server than the subscriber connection, so nothing was repaired. */
  | { readonly kind: "otherServer" };

/**
 * Repairs the stream from the log (L14). Its connection must be subscribed to all channels already.
 *
 * Gives up if the link leads to another server than the subscriber connection: one of the two was demoted, or a
 * failover came between the opening of the two connections.
 *
 * Rejects with `unavailable` if the log can't be read now, and with the signal's reason once `signal` is aborted. May
 * be called again on the same connection.
 */
export async function repair({ link, stream, term, signal }: RepairDeps): Promise<RepairOutcome> {
  let messages: number | undefined;
  for (;;) {
    const server = await runOrUnavailable(link, readServer);
    if (server.term !== term) return { kind: "otherServer" };
    const { promotion } = server;
    const head = await runOrUnavailable(link, readHead);
    signal.throwIfAborted();
    if (stream.beginRepair({ ...head, promotion }) === "hole") {
      const filled = await fill({ link, stream, head, signal });
      messages = (messages ?? 0) + filled.messages;
      // The log was trimmed or replaced. The next head says which of the two.
      if (!filled.isComplete) continue;
    }
    if (stream.finishRepair(head.end)) return { kind: "repaired", messages };
  }
}

interface Fill extends Omit<RepairDeps, "term"> {
  readonly head: LogHead;
}

/** Reads the hole up to the head. Incomplete if the log was trimmed or replaced while it was read. */
async function fill({
  link,
  stream,
  head,
  signal,
}: Fill): Promise<{ readonly messages: number; readonly isComplete: boolean }> {
  let messages = 0;
  while (stream.completeUpTo < head.end) {
    const after = stream.completeUpTo;
    const page = await runOrUnavailable(link, (client) => readPage(client, after, head.end, PAGE));
    signal.throwIfAborted();
    if (page.epoch !== head.epoch || page.trimmed > after || page.position <= after)
      return { messages, isComplete: false };
    messages += page.entries.length;
    stream.fill(deliveriesOf(page), page.position);
  }
  return { messages, isComplete: true };
}

/** Returns each message once per audience. Skips entries that aren't messages, or have a newer format (L10). */
function deliveriesOf(page: LogPage): readonly Delivery[] {
  return page.entries.flatMap(([streamId, fields]) => {
    const entry = decodeEntry(streamId, fields);
    if (entry.kind !== "message") return [];
    const { id, from, to } = entry.message;
    const message = { id, body: entry.body };
    const audiences = to === "" ? [""] : [...new Set([from, to])];
    return audiences.map((audience) => ({ audience, message }));
  });
}
