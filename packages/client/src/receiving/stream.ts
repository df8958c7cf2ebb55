import type { Message, SyncPage } from "../wire.ts";

/**
 * The receiving side as a state machine without I/O (G3).
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
 * A connection delivers every message after `ready`'s cursor. Earlier messages are read from `/sync`, page by page
 * from the last cursor, while live messages wait in a bounded buffer. A page with `more: false` covers everything up
 * to the log's end at the time of its request, which came after `ready`. Therefore the last page and the buffer
 * overlap or touch. Dropping the messages that were delivered already leaves no hole. If the buffer overflows, it is
 * dropped and another round of pages is read: memory stays bounded (G5) and no message is lost.
 *
 * Cursors are opaque and only handed back to the server. Ids are compared with ids only.
 */
export type StreamState =
  /** No connection is ready. */
  | (Position & { readonly phase: "idle" })
  /** Connected, and reading pages of missed messages. Exactly one request for a page is in flight. */
  | (Position & {
      readonly phase: "catching-up";
      /**
       * The live messages that arrived meanwhile. Undefined if this round of pages must be followed by another round.
       */
      readonly buffer: readonly Message[] | undefined;
      /** The number of messages that this catch-up has delivered so far. */
      readonly received: number;
    })
  /** Connected, and every live message is delivered as it arrives. */
  | (Position & { readonly phase: "live" });

interface Position {
  /** The position to continue after. Undefined before the first connection of a client without a cursor. */
  readonly cursor: string | undefined;
  /** The id of the last delivered message, "" for none. */
  readonly lastId: string;
}

export type StreamEvent =
  /** A connection is ready: every message after `cursor` arrives live. */
  | { readonly type: "ready"; readonly cursor: string }
  /** A live message arrived. */
  | { readonly type: "message"; readonly message: Message }
  /** The requested page arrived. */
  | { readonly type: "page"; readonly page: SyncPage }
  /** The server can't fill a hole before the messages that follow (P23). */
  | { readonly type: "gap" }
  /** The connection has ended. */
  | { readonly type: "disconnected" };

/** The result of an event: the next state, the messages to deliver in order, and the page to request, if any. */
export interface Transition {
  readonly state: StreamState;
  readonly deliver: readonly Message[];
  readonly request?: { readonly after: string | undefined };
}

export interface StreamOptions {
  /** The start of a client without a cursor: "now" is the first `ready`, "beginning" is the log's first message. */
  readonly from: "now" | "beginning";
  /** The maximum number of live messages in the buffer. */
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
    case "message":
      return onMessage(state, event.message, options);
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

function onMessage(state: StreamState, message: Message, { maxBuffered }: StreamOptions): Transition {
  switch (state.phase) {
    case "idle":
      return { state, deliver: [] };
    case "catching-up": {
      const hasRoom = state.buffer !== undefined && state.buffer.length < maxBuffered;
      return {
        state: { ...state, buffer: hasRoom ? [...(state.buffer ?? []), message] : undefined },
        deliver: [],
      };
    }
    case "live":
      return deliverLive(state, [message]);
  }
}

function onPage(state: StreamState, page: SyncPage): Transition {
  if (state.phase !== "catching-up") return { state, deliver: [] };
  const fresh = messagesAfter(state.lastId, page.messages);
  const position: Position = { cursor: page.cursor, lastId: fresh.at(-1)?.id ?? state.lastId };
  const received = state.received + fresh.length;
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

function deliverLive(state: Position & { readonly phase: "live" }, messages: readonly Message[]): Transition {
  const fresh = messagesAfter(state.lastId, messages);
  const last = fresh.at(-1)?.id;
  return {
    state: last === undefined ? state : { phase: "live", cursor: last, lastId: last },
    deliver: fresh,
  };
}

/** Returns the messages after `lastId`, each once. They are in log order, so one comparison per message is enough. */
function messagesAfter(lastId: string, messages: readonly Message[]): Message[] {
  let last = lastId;
  return messages.filter(({ id }) => {
    if (id <= last) return false;
    last = id;
    return true;
  });
}

function positionOf({ cursor, lastId }: Position): Position {
  return { cursor, lastId };
}
