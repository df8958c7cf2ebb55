import type { Message, SyncPage } from "../wire.ts";

/**
 * The receiving side as one state machine without I/O (G3).
 *
 * A connection that is ready brings every message after `ready`'s cursor. What came before it is read from `/sync`,
 * page by page from the last cursor, while live messages wait in one bounded buffer. A page with `more: false`
 * covers everything up to the log's end when it was asked for, which is after `ready`; so that page and the buffer
 * overlap or touch, and dropping what was already delivered leaves no hole. Where the buffer overflows it is given
 * up, and one more round of pages is read instead: memory stays bounded and the sequence whole.
 *
 * Cursors are the server's business and are only handed back. Ids are compared with ids.
 */
export type Stream =
  | (Place & { readonly phase: "idle" })
  | (Place & {
      readonly phase: "catching-up";
      /** Live messages that arrived while pages are read; undefined once it overflowed. */
      readonly buffer: readonly Message[] | undefined;
      /** How many messages this catching up has brought so far. */
      readonly received: number;
    })
  | (Place & { readonly phase: "live" });

interface Place {
  /** Where to go on from; undefined before the first connection of one who starts "now". */
  readonly cursor: string | undefined;
  /** The last message delivered, "" for none. */
  readonly lastId: string;
}

/** What to do after an event: deliver these, in order, and ask for the page after this cursor. */
export interface Step {
  readonly stream: Stream;
  readonly deliver: readonly Message[];
  readonly ask?: { readonly after: string | undefined };
}

export type StreamEvent =
  | { readonly type: "ready"; readonly cursor: string }
  | { readonly type: "message"; readonly message: Message }
  /** The page that was asked for last. */
  | { readonly type: "page"; readonly page: SyncPage }
  /** P23: the server cannot vouch for what came before. */
  | { readonly type: "gap" }
  | { readonly type: "disconnected" };

/** `from` "beginning" reads everything there is; "now" starts at the first `ready`. A saved cursor outranks both. */
export function initialStream(cursor: string | undefined): Stream {
  return { phase: "idle", cursor, lastId: "" };
}

export interface StreamOptions {
  readonly from: "now" | "beginning";
  /** How many live messages may wait while pages are read. */
  readonly maxBuffered: number;
}

export function advance(stream: Stream, event: StreamEvent, options: StreamOptions): Step {
  switch (event.type) {
    case "ready":
      return stream.cursor === undefined && options.from === "now"
        ? { stream: { phase: "live", cursor: event.cursor, lastId: stream.lastId }, deliver: [] }
        : catchUp(stream, 0);
    case "message":
      return onMessage(stream, event.message, options);
    case "page":
      return onPage(stream, event.page);
    case "gap":
      return onGap(stream);
    case "disconnected":
      return { stream: { ...placeOf(stream), phase: "idle" }, deliver: [] };
  }
}

function catchUp(place: Place, received: number): Step {
  return {
    stream: { ...placeOf(place), phase: "catching-up", buffer: [], received },
    deliver: [],
    ask: { after: place.cursor },
  };
}

function onMessage(stream: Stream, message: Message, { maxBuffered }: StreamOptions): Step {
  switch (stream.phase) {
    case "idle":
      return { stream, deliver: [] };
    case "catching-up": {
      const room = stream.buffer !== undefined && stream.buffer.length < maxBuffered;
      return {
        stream: { ...stream, buffer: room ? [...(stream.buffer ?? []), message] : undefined },
        deliver: [],
      };
    }
    case "live":
      return deliver(stream, [message]);
  }
}

function onPage(stream: Stream, page: SyncPage): Step {
  if (stream.phase !== "catching-up") return { stream, deliver: [] };
  const fresh = after(stream.lastId, page.messages);
  const place: Place = { cursor: page.cursor, lastId: fresh.at(-1)?.id ?? stream.lastId };
  const received = stream.received + fresh.length;
  if (page.more) {
    return { stream: { ...stream, ...place, received }, deliver: fresh, ask: { after: page.cursor } };
  }
  if (stream.buffer === undefined) return { ...catchUp(place, received), deliver: fresh };
  const live = deliver({ ...place, phase: "live" }, stream.buffer);
  return { ...live, deliver: [...fresh, ...live.deliver] };
}

function onGap(stream: Stream): Step {
  if (stream.phase === "live") return catchUp(stream, 0);
  // A page under way may have been answered before the gap: one more round after it, as for a lost buffer.
  if (stream.phase === "catching-up") return { stream: { ...stream, buffer: undefined }, deliver: [] };
  return { stream, deliver: [] };
}

function deliver(stream: Place & { readonly phase: "live" }, messages: readonly Message[]): Step {
  const fresh = after(stream.lastId, messages);
  const last = fresh.at(-1)?.id;
  return {
    stream: last === undefined ? stream : { phase: "live", cursor: last, lastId: last },
    deliver: fresh,
  };
}

/** The messages after `lastId`, each once: both sources are in log order, so one comparison a message does. */
function after(lastId: string, messages: readonly Message[]): Message[] {
  let last = lastId;
  return messages.filter(({ id }) => {
    if (id <= last) return false;
    last = id;
    return true;
  });
}

function placeOf({ cursor, lastId }: Place): Place {
  return { cursor, lastId };
}
