import type { Change, Message, SyncPage } from "../wire.ts";

/** What the stream delivers: messages and their changes, in one order. */
export type Entry = Message | Change;

/**
 * The receiving side as a state machine without I/O (G3). An entry is a message or a change.
 *
 *                 ready                    page, more: false
 *   ┌──────┐ ───────────────▶ ┌─────────────┐ ──────────────▶ ┌──────┐
 *   │ idle │                  │ catching-up │                 │ live │
 *   └──────┘ ◀─────────────── └─────────────┘ ◀────────────── └──────┘
 *        ▲     disconnected                        gap            │
 *        └─────────────────────── disconnected ───────────────────┘
 *
 * A `ready` leads from idle directly to live if the client has no cursor and starts "now".
 *
 * A connection delivers every entry after `ready`'s cursor. Earlier entries are read from `/sync`, page by page
 * from the last cursor, while live entries wait in a bounded buffer. A page with `more: false` covers everything up
 * to the log's end at the time of its request, which came after `ready`. Therefore the last page and the buffer
 * overlap or touch. Dropping the entries that were delivered already leaves no hole. If the buffer overflows, it is
 * dropped and another round of pages is read: memory stays bounded (G5) and no entry is lost.
 *
 * Cursors are opaque and only handed back to the server. Ids are compared with ids only. A change has an id of its own.
 */
export type StreamState =
  /** No connection is ready. */
  | (Position & { readonly phase: "idle" })
  /** Connected, and reading pages of missed entries. Exactly one request for a page is in flight. */
  | (Position & {
      readonly phase: "catching-up";
      /**
       * The live entries that arrived meanwhile. Undefined if this round of pages must be followed by another round.
       */
      readonly buffer: readonly Entry[] | undefined;
      /** The number of messages that this catch-up has delivered so far. */
      readonly received: number;
    })
  /** Connected, and every live entry is delivered as it arrives. */
  | (Position & { readonly phase: "live" });

interface Position {
  /** The position to continue after. Undefined before the first connection of a client without a cursor. */
  readonly cursor: string | undefined;
  /** The position of the last delivered entry, "" for none. */
  readonly lastId: string;
}

export type StreamEvent =
  /** A connection is ready: every entry after `cursor` arrives live. */
  | { readonly type: "ready"; readonly cursor: string }
  /** A live message or change arrived. */
  | { readonly type: "entry"; readonly entry: Entry }
  /** The requested page arrived. */
  | { readonly type: "page"; readonly page: SyncPage }
  /** The server can't fill a hole before the entries that follow (P23). */
  | { readonly type: "gap" }
  /** The connection has ended. */
  | { readonly type: "disconnected" };

/** The result of an event: the next state, the entries to deliver in order, and the page to request, if any. */
export interface Transition {
  readonly state: StreamState;
  readonly deliver: readonly Entry[];
  readonly request?: { readonly after: string | undefined };
}

export interface StreamOptions {
  /** The start of a client without a cursor: "now" is the first `ready`, "beginning" is the log's first message. */
  readonly from: "now" | "beginning";
  /** The maximum number of live entries in the buffer. */
  readonly maxBuffered: number;
}

/** Returns the state of a client that hasn't connected yet. A saved cursor takes precedence over `from`. */
export function initialState(cursor: string | undefined): StreamState {
  return { phase: "idle", cursor, lastId: "" };
}

export function transition(state: StreamState, event: StreamEvent, options: StreamOptions): Transition {
  switch (event.type) {
    case "ready":
      return state.cursor === undefined && options.from === "now"
        ? { state: { phase: "live", cursor: event.cursor, lastId: state.lastId }, deliver: [] }
        : catchUp(state, 0);
    case "entry":
      return onEntry(state, event.entry, options);
    case "page":
      return onPage(state, event.page);
    case "gap":
      return onGap(state);
    case "disconnected":
      return { state: { ...positionOf(state), phase: "idle" }, deliver: [] };
  }
}

function catchUp(position: Position, received: number): Transition {
  return {
    state: { ...positionOf(position), phase: "catching-up", buffer: [], received },
    deliver: [],
    request: { after: position.cursor },
  };
}

function onEntry(state: StreamState, entry: Entry, { maxBuffered }: StreamOptions): Transition {
  switch (state.phase) {
    case "idle":
      return { state, deliver: [] };
    case "catching-up": {
      const hasRoom = state.buffer !== undefined && state.buffer.length < maxBuffered;
      return {
        state: { ...state, buffer: hasRoom ? [...(state.buffer ?? []), entry] : undefined },
        deliver: [],
      };
    }
    case "live":
      return deliverLive(state, [entry]);
  }
}

function onPage(state: StreamState, page: SyncPage): Transition {
  if (state.phase !== "catching-up") return { state, deliver: [] };
  const fresh = entriesAfter(state.lastId, entriesOf(page));
  const position: Position = { cursor: page.cursor, lastId: lastPosition(fresh) ?? state.lastId };
  const received = state.received + fresh.filter((entry) => !isChange(entry)).length;
  if (page.more) {
    return { state: { ...state, ...position, received }, deliver: fresh, request: { after: page.cursor } };
  }
  if (state.buffer === undefined) return { ...catchUp(position, received), deliver: fresh };
  const live = deliverLive({ ...position, phase: "live" }, state.buffer);
  return { ...live, deliver: [...fresh, ...live.deliver] };
}

function onGap(state: StreamState): Transition {
  if (state.phase === "live") return catchUp(state, 0);
  // The requested page may have been answered before the gap, so another round of pages has to follow.
  if (state.phase === "catching-up") return { state: { ...state, buffer: undefined }, deliver: [] };
  return { state, deliver: [] };
}

function deliverLive(state: Position & { readonly phase: "live" }, entries: readonly Entry[]): Transition {
  const fresh = entriesAfter(state.lastId, entries);
  const last = lastPosition(fresh);
  return {
    state: last === undefined ? state : { phase: "live", cursor: last, lastId: last },
    deliver: fresh,
  };
}

/** Tells changes from messages. */
export function isChange(entry: Entry): entry is Change {
  return "message" in entry;
}

/** Returns an entry's own position in the log. */
export function idOf(entry: Entry): string {
  return isChange(entry) ? entry.change : entry.id;
}

function lastPosition(entries: readonly Entry[]): string | undefined {
  const last = entries.at(-1);
  return last && idOf(last);
}

/** Returns the messages and changes of a page in one order. Both of its lists are in log order and cover the same part. */
function entriesOf({ messages, changes }: SyncPage): readonly Entry[] {
  if (changes.length === 0) return messages;
  return [...messages, ...changes].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

/** Returns the entries after `lastId`, each once. They are in log order, so one comparison per entry is enough. */
function entriesAfter(lastId: string, entries: readonly Entry[]): Entry[] {
  let last = lastId;
  return entries.filter((entry) => {
    const id = idOf(entry);
    if (id <= last) return false;
    last = id;
    return true;
  });
}

function positionOf({ cursor, lastId }: Position): Position {
  return { cursor, lastId };
}
