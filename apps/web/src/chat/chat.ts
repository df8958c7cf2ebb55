import { connect, type Message, type ParleyClient } from "@parley/client";
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { worthKeeping } from "./conversation-list.ts";
import { Sending } from "./outbox-sender.ts";
import { initialState, reduce } from "./reduce.ts";
import type { Saved } from "./saved-state.ts";
import { type Session, tokenOf } from "./session.ts";
import type { ChatEvent, ChatState, Pending } from "./state.ts";

/** G5: so many messages may wait to be sent. */
const MOST_WAITING = 200;
const PAGE = 50;
/** How often what was read is written down, in ms. */
const SAVE_EVERY_MS = 300;

/** One signed-in user's chat: the SDK on one side, the state that is shown on the other, and what is kept between. */
export class Chat {
  readonly saved: Saved;
  /** How often a draft was changed by something else than typing. */
  readonly edits = signal(0);
  /** Where the server's list of conversations goes on; undefined where it ends or was not read yet. */
  readonly moreListed = signal<string | undefined>(undefined);
  readonly #state: ReturnType<typeof signal<ChatState>>;
  readonly #sending: Sending;
  #session: Session;
  #client: ParleyClient;
  #saving: ReturnType<typeof setTimeout> | undefined;
  readonly #stopTending: () => void;

  constructor(session: Session, saved: Saved) {
    const progress = saved.progress();
    this.saved = saved;
    this.#session = session;
    this.#state = signal(initialState(session.user, progress));
    this.#client = this.#connect(progress.cursor);
    this.#sending = new Sending({
      saved,
      pending: (ref) => this.#pending(ref),
      dispatch: (event) => this.#dispatch(event),
      client: () => this.#client,
    });
    for (const pending of saved.outbox()) {
      this.#dispatch({ type: "queued", pending: { ...pending, phase: "waiting" } });
      this.#sending.transmit(pending);
    }
    this.#stopTending = effect(() => this.#tend());
  }

  get state(): ReadonlySignal<ChatState> {
    return this.#state as ReadonlySignal<ChatState>;
  }

  get session(): Session {
    return this.#session;
  }

  /** Brings the next page of private conversations, and the room's last message where it is not known yet. */
  async listMore(): Promise<void> {
    const client = this.#client;
    const isRoomUnknown = this.#now.open !== "" && !this.#now.conversations.get("")?.last;
    try {
      if (isRoomUnknown) this.#list("", (await client.history("", { limit: 1 })).messages.at(-1));
      const page = await client.conversations({ before: this.moreListed.peek() });
      for (const { with: partner, last } of page.conversations) this.#list(partner, last);
      this.moreListed.value = page.next;
    } catch {
      // No such list, or no server now: what this browser has seen is shown, and asking again is not urgent.
    }
  }

  /** Shows a conversation, or none. */
  open(partner: string | undefined): void {
    if (this.#now.open !== partner) this.#change({ type: "opened", with: partner });
  }

  /** Whoever comes back to the page does not wait for the next try. */
  setVisible(visible: boolean): void {
    this.#change({ type: "visible", visible });
    if (visible) this.reconnectNow();
    else this.save();
  }

  reconnectNow(): void {
    this.#client.reconnectNow();
  }

  setFollowing(following: boolean): void {
    if (this.#now.following !== following) this.#dispatch({ type: "following", following });
  }

  /** Brings the page before the first message, where there may be one and none is on its way. */
  async loadOlder(partner: string): Promise<void> {
    const conversation = this.#now.conversations.get(partner);
    if (!conversation || !this.#now.begun) return;
    if (conversation.older === "loading" || conversation.older === "none") return;
    const before = conversation.messages[0]?.id;
    this.#dispatch({ type: "asked", with: partner });
    try {
      const page = await this.#client.history(partner, { before, limit: PAGE });
      this.#dispatch({ type: "page", with: partner, before, page });
    } catch {
      this.#dispatch({ type: "ask-failed", with: partner });
    }
  }

  /** Takes a message, which is then shown at once and kept until it is settled. False: too many wait already. */
  send(to: string, content: string): boolean {
    if (this.#now.outbox.length >= MOST_WAITING) return false;
    const pending: Pending = { ref: newRef(), to, content, at: Date.now(), phase: "waiting" };
    this.saved.keep(pending);
    this.#dispatch({ type: "queued", pending });
    this.#sending.transmit(pending);
    return true;
  }

  /** Sends a failed one again, under the same ref. */
  retry(ref: string): void {
    const pending = this.#pending(ref);
    if (!pending) return;
    const again: Pending = { ...pending, phase: "waiting", leftAt: undefined };
    this.#dispatch({ type: "unsent", ref, phase: "waiting" });
    this.#sending.transmit(again);
  }

  /** Takes one back into the draft of its conversation. */
  edit(ref: string): void {
    const pending = this.#pending(ref);
    if (!pending) return;
    const draft = this.saved.draft(pending.to);
    this.saved.setDraft(pending.to, draft === "" ? pending.content : `${pending.content}\n${draft}`);
    this.discard(ref);
    this.edits.value += 1;
  }

  discard(ref: string): void {
    this.saved.drop(ref);
    this.#dispatch({ type: "discarded", ref });
  }

  /** Goes on with another token of the same user, after the client was closed for good. */
  resume(session: Session): void {
    this.#session = session;
    this.#client.close();
    const { cursor } = this.saved.progress();
    this.#client = this.#connect(
      this.#now.connection.phase === "closed" && isBadCursor(this.#now) ? undefined : cursor,
    );
    for (const pending of this.#now.outbox) if (pending.phase === "waiting") this.#sending.transmit(pending);
  }

  /** Writes down how far the stream was read. */
  save(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    const { lastId } = this.#now;
    this.saved.setProgress({ cursor: this.#client.cursor, lastId, conversations: worthKeeping(this.#now) });
  }

  close(): void {
    clearTimeout(this.#saving);
    this.#stopTending();
    this.#client.close();
  }

  get #now(): ChatState {
    return this.state.peek();
  }

  #pending(ref: string): Pending | undefined {
    return this.#now.outbox.find((pending) => pending.ref === ref);
  }

  #dispatch(event: ChatEvent): void {
    this.#state.value = reduce(this.#now, event);
  }

  /** A change that a reload must not undo. */
  #change(event: ChatEvent): void {
    this.#dispatch(event);
    this.#saving ??= setTimeout(() => this.save(), SAVE_EVERY_MS);
  }

  #list(partner: string, last: Message | undefined): void {
    if (last) this.#change({ type: "listed", entries: [{ with: partner, last, unread: 0 }] });
  }

  #connect(cursor: string | undefined): ParleyClient {
    const client = connect({ url: "/ws", cursor, token: () => tokenOf(this.#session) });
    client.messages.subscribe((message) => this.#change({ type: "message", message }));
    client.state.subscribe((state) => {
      const isFirst = !this.#now.begun;
      this.#change({ type: "connection", state });
      if (isFirst && this.#now.begun) void this.listMore();
    });
    return client;
  }

  /** The open conversation has its newest page as soon as the server can be asked for it without leaving a hole. */
  #tend(): void {
    const { open, begun, conversations } = this.state.value;
    if (open !== undefined && begun && conversations.get(open)?.older === "unknown")
      void this.loadOlder(open);
  }
}

function isBadCursor({ connection }: ChatState): boolean {
  return connection.phase === "closed" && connection.error?.code === "invalid_parameter";
}

/** `crypto.randomUUID` is missing where a page is served over plain HTTP from another machine. */
function newRef(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
