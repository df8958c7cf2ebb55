import { ask } from "../connection/ask.ts";
import type { Link } from "../connection/link.ts";
import { readServer } from "../connection/server-role.ts";
import { decodeEntry } from "../format/entry.ts";
import { type LogHead, type LogPage, readHead, readPage } from "../log/log-reader.ts";
import type { Heard, LiveStream } from "./live-stream.ts";

/** Entries read at once: appends wait behind them on the same connection. */
const PAGE = 256;

/** `messages`: how many were read from the log to fill a hole; undefined where there was none that could be filled. */
export interface Mended {
  readonly messages: number | undefined;
}

/** What is to be made whole. */
export interface Torn {
  readonly stream: LiveStream;
  /** Of the server that the stream's connection listens to, see ServerInfo. */
  readonly reign: string;
  /** Aborted before the stream hears another connection. */
  readonly signal: AbortSignal;
}

/**
 * Makes the stream whole on a connection that listens to all channels already (L14), out of the log that `link` leads
 * to; or says that this is another server's than the one that is listened to: one of them was demoted, or a failover
 * came between the making of the two connections. Rejects with `unavailable` when the log cannot be read now, and when
 * `signal` is aborted; it may be called again on the same connection.
 */
export async function mend(link: Link, { stream, reign, signal }: Torn): Promise<Mended | "another server"> {
  let messages: number | undefined;
  for (;;) {
    const server = await ask(link, readServer);
    if (server.reign !== reign) return "another server";
    const { promotion } = server;
    const head = await ask(link, readHead);
    signal.throwIfAborted();
    if (stream.begin({ ...head, promotion }) === "hole") {
      const filled = await fill(link, stream, head, signal);
      messages = (messages ?? 0) + filled.messages;
      if (filled.torn) continue;
    }
    if (stream.finish(head.end)) return { messages };
  }
}

/** Torn: the log was trimmed or replaced under the reading. The head says which, when it is read again. */
async function fill(
  link: Link,
  stream: LiveStream,
  head: LogHead,
  signal: AbortSignal,
): Promise<{ readonly messages: number; readonly torn: boolean }> {
  let messages = 0;
  while (stream.heardUpTo < head.end) {
    const after = stream.heardUpTo;
    const page = await ask(link, (client) => readPage(client, after, head.end, PAGE));
    signal.throwIfAborted();
    const torn = page.epoch !== head.epoch || page.trimmed > after || page.position <= after;
    if (torn) return { messages, torn };
    messages += page.entries.length;
    stream.fill(heardOf(page), page.position);
  }
  return { messages, torn: false };
}

/** Each message once for every audience it has. What is no message, or a newer one than is known here, is not told. */
function heardOf(page: LogPage): readonly Heard[] {
  return page.entries.flatMap(([streamId, fields]) => {
    const entry = decodeEntry(streamId, fields);
    if (entry.kind !== "message") return [];
    const { id, from, to } = entry.message;
    const message = { id, body: entry.body };
    const audiences = to === "" ? [""] : [...new Set([from, to])];
    return audiences.map((audience) => ({ audience, message }));
  });
}
