import { type Body, isChange, type LogEntry, positionOf } from "@parley/models";
import type { LiveMessage } from "../../live-feed.ts";
import type { Link } from "../connection/link.ts";
import { runOrUnavailable } from "../connection/run-or-unavailable.ts";
import { readServer } from "../connection/server-role.ts";
import { decodeEntry } from "../format/entry.ts";
import type { KeyNames } from "../format/keys.ts";
import { type LogHead, type LogPage, readHead, readPage } from "../log/log-reader.ts";
import type { KnownRevocations } from "../revocations/known-revocations.ts";
import type { Delivery, LiveStream } from "./live-stream.ts";

/** The most entries in one read. Larger reads would delay the appends on the same connection. */
const PAGE = 256;

export interface RepairDeps {
  readonly names: KeyNames;
  /** Has the revocations read before anything is delivered (L26). */
  readonly revocations: KnownRevocations;
  /** The connection over which the log is read. */
  readonly link: Link;
  readonly stream: LiveStream;
  /** The term of the server that the stream's subscriber connection leads to: see ServerInfo. */
  readonly term: string;
  /** Aborted before the stream's subscriber connection is replaced. */
  readonly signal: AbortSignal;
}

export type RepairOutcome =
  /** The stream is live. `messages` were read from the log, or undefined if there was no hole to fill. */
  | { readonly kind: "repaired"; readonly messages: number | undefined }
  /** The link leads to another server than the subscriber connection, so nothing was repaired. */
  | { readonly kind: "otherServer" };

/**
 * Repairs the stream from the log (L14). The subscriber connection must be subscribed to all channels already.
 *
 * Gives up if the link leads to another server than the subscriber connection. The reason is that one of the servers
 * was demoted, or that a failover happened after one connection was opened and before the other was.
 *
 * Rejects with `unavailable` if the log can't be read now, and with the signal's reason once `signal` is aborted. May
 * be called again on the same connection.
 */
export async function repair({
  names,
  revocations,
  link,
  stream,
  term,
  signal,
}: RepairDeps): Promise<RepairOutcome> {
  let messages: number | undefined;
  for (;;) {
    const server = await runOrUnavailable(link, readServer);
    if (server.term !== term) return { kind: "otherServer" };
    const { promotion } = server;
    const head = await runOrUnavailable(link, (client) =>
      revocations.follow(client, () => readHead(client, names)),
    );
    signal.throwIfAborted();
    if (stream.beginRepair({ ...head, promotion }) === "hole") {
      const filled = await fill({ names, revocations, link, stream, head, signal });
      messages = (messages ?? 0) + filled.messages;
      // If the log was trimmed or replaced, `beginRepair` with a new head finds out which.
      if (!filled.isComplete) continue;
    }
    if (stream.finishRepair(head.end)) return { kind: "repaired", messages };
  }
}

interface Fill extends Omit<RepairDeps, "term"> {
  readonly head: LogHead;
}

/**
 * Reads the missing messages up to the head. `isComplete` is false if the log was trimmed or replaced meanwhile, or if the
 * revocations have to be read again (L26).
 */
async function fill({
  names,
  revocations,
  link,
  stream,
  head,
  signal,
}: Fill): Promise<{ readonly messages: number; readonly isComplete: boolean }> {
  let messages = 0;
  while (stream.completeUpTo < head.end) {
    const after = stream.completeUpTo;
    const page = await runOrUnavailable(link, (client) => readPage(client, names, after, head.end, PAGE));
    signal.throwIfAborted();
    if (page.epoch !== head.epoch || page.trimmed > after || page.position <= after || revocations.isStale)
      return { messages, isComplete: false };
    messages += page.entries.length;
    stream.fill(deliveriesOf(page), page.position);
  }
  return { messages, isComplete: true };
}

/** Returns one delivery per entry and audience. Skips entries that can't be decoded or have a newer format (L10). */
function deliveriesOf(page: LogPage): readonly Delivery[] {
  return page.entries.flatMap(([streamId, fields]) => {
    const decoded = decodeEntry(streamId, fields);
    if (decoded.kind !== "known") return [];
    const { from, to } = decoded.entry;
    const message = liveMessage(decoded.entry, decoded.body);
    const audiences = to === "" ? [""] : [...new Set([from, to])];
    return audiences.map((audience) => ({ audience, message }));
  });
}

function liveMessage(entry: LogEntry, body: Body): LiveMessage {
  const id = positionOf(entry);
  return isChange(entry) ? { id, body, kind: entry.kind } : { id, body };
}
