import { connect, type Message, type ParleyClient, type State } from "@parley/client";
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { SavedState } from "../saved/saved-state.ts";
import { type Session, tokenOf } from "../saved/session.ts";
import { attemptChange } from "./attempt-change.ts";
import { entriesToSave } from "./conversation-list.ts";
import { ConversationLoader } from "./conversation-loader.ts";
import { Outbox } from "./outbox.ts";
import { initialState, lastOwn, reduce } from "./reduce.ts";
import type { ChatEvent, ChatState, Pending } from "./state.ts";
import { type TabMessage, Tabs } from "./tabs.ts";
import { ReadMarks } from "./unread/read-marks.ts";

const PAGE_SIZE = 50;
/** The longest time for which a change waits to be saved, in ms. */
const SAVE_INTERVAL_MS = 300;

/** One signed-in user's chat. It connects the SDK, the state that the page shows, and the saved state. */
export class Chat {
  readonly saved: SavedState;
  /** Counts the changes of a draft that weren't typed. After each one, the message field reads the draft again. */
  readonly edits = signal(0);
  /** The server's list of conversations. */
  readonly list: ConversationLoader;
  /** The message of the user that is being edited, if there is one. */
  readonly editing = signal<Message | undefined>(undefined);
  readonly #state: ReturnType<typeof signal<ChatState>>;
  readonly #tabs: Tabs;
  readonly #outbox: Outbox;
  readonly #readMarks: ReadMarks;
  #session: Session;
  #client: ParleyClient;
  #saveTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #stopLoading: () => void;
  readonly #onSignedOut: () => void;

  /** Calls `onSignedOut` when the user has signed out, in this tab or another one. */
  constructor(session: Session, saved: SavedState, onSignedOut: () => void) {
    const progress = saved.progress();
    this.saved = saved;
    this.#onSignedOut = onSignedOut;
    this.#session = session;
    this.#state = signal(initialState(session.user, progress));
    this.#tabs = new Tabs(session.user, (message) => this.#onTold(message));
    this.#outbox = new Outbox({
      saved,
      tabs: this.#tabs,
      pending: () => this.#now.outbox,
      dispatch: (event) => this.#dispatch(event),
      client: () => this.#client,
    });
    this.list = new ConversationLoader({
      client: () => this.#client,
      isRoomUnknown: () => this.#now.open !== "" && !this.#now.conversations.get("")?.last,
      add: (entries) => this.#readMarks.onListed(entries),
    });
    this.#readMarks = new ReadMarks({
      state: this.state,
      tabs: this.#tabs,
      client: () => this.#client,
      change: (event) => this.#change(event),
    });
    this.#client = this.#connect(progress.cursor);
    this.#outbox.start();
    this.#readMarks.start();
    this.#stopLoading = effect(() => this.#loadOpenConversation());
  }

  get state(): ReadonlySignal<ChatState> {
    return this.#state as ReadonlySignal<ChatState>;
  }

  get session(): Session {
    return this.#session;
  }

  /** Opens a conversation. With undefined, no conversation is open. */
  open(partner: string | undefined): void {
    if (this.#now.open === partner) return;
    this.editing.value = undefined;
    this.#change({ type: "opened", with: partner });
  }

  /**
   * Reports that the page became visible or hidden. When it becomes visible, the client reconnects at once. When it
   * becomes hidden, the chat's state is saved.
   */
  setVisible(visible: boolean): void {
    if (visible) this.reconnectNow();
    else this.save();
  }

  /** Reports that the user turned to the page or away from it. Messages on the screen are read only in between. */
  setAttentive(attentive: boolean): void {
    if (this.#now.attentive !== attentive) this.#dispatch({ type: "attention", attentive });
  }

  /** Reports the newest message of a conversation on the screen. */
  setOnScreen(partner: string, id: string): void {
    const { open, onScreen } = this.#now;
    if (open === partner && onScreen !== id) this.#dispatch({ type: "on-screen", with: partner, id });
  }

  reconnectNow(): void {
    this.#client.reconnectNow();
  }

  /** Reports that the browser has no network. The server may still be reachable, if it runs on this machine. */
  connectionLost(): void {
    this.#client.connectionLost();
  }

  setFollowing(following: boolean): void {
    if (this.#now.following !== following) this.#dispatch({ type: "following", following });
  }

  /** Loads the page before the first message in memory, unless there is none or it is being loaded. */
  async loadOlder(partner: string): Promise<void> {
    const conversation = this.#now.conversations.get(partner);
    if (!conversation || !this.#now.hasBeenReady) return;
    if (conversation.older === "loading" || conversation.older === "none") return;
    const before = conversation.messages[0]?.id;
    this.#dispatch({ type: "page-requested", with: partner });
    try {
      const page = await this.#client.history(partner, { before, limit: PAGE_SIZE });
      this.#dispatch({ type: "page", with: partner, before, page });
    } catch {
      this.#dispatch({ type: "page-failed", with: partner });
    }
  }

  /** Sends a message. It is shown at once and saved until it is settled. Returns false if the outbox is full. */
  send(to: string, content: string): boolean {
    return this.#outbox.add(to, content);
  }

  /** Begins to edit a message, or the user's own last message of the open conversation. */
  startEditing(message: Message | undefined = lastOwn(this.#now)): void {
    this.editing.value = message;
  }

  /** Edits a message. Resolves with the reason why it wasn't edited, or undefined. Never rejects. */
  editMessage({ id }: Message, content: string): Promise<string | undefined> {
    return attemptChange((signal) => this.#client.edit(id, content, { signal }));
  }

  /** Deletes a message. Resolves like `editMessage`. */
  deleteMessage({ id }: Message): Promise<string | undefined> {
    return attemptChange((signal) => this.#client.remove(id, { signal }));
  }

  /** Sends a failed message again, under the same ref. */
  retry(ref: string): void {
    this.#outbox.retry(ref);
  }

  /** Moves a failed message back into its conversation's draft. */
  edit(ref: string): void {
    const pending = this.#outbox.find(ref);
    if (!pending) return;
    const draft = this.saved.draft(pending.to);
    this.saved.setDraft(pending.to, draft === "" ? pending.content : `${pending.content}\n${draft}`);
    this.discard(ref);
    this.edits.value += 1;
  }

  discard(ref: string): void {
    this.#outbox.discard(ref);
  }

  /** Returns true if another tab sends the message. */
  isElsewhere(pending: Pending): boolean {
    return !this.#outbox.owns(pending);
  }

  /** Connects again with a token of the same user, after the client was closed for good. */
  resume(session: Session): void {
    this.#session = session;
    this.#client.close();
    const { cursor } = this.saved.progress();
    this.#client = this.#connect(wasCursorRefused(this.#now) ? undefined : cursor);
    this.#outbox.resume();
  }

  /** Saves the position in the stream and the list of conversations. */
  save(): void {
    clearTimeout(this.#saveTimer);
    this.#saveTimer = undefined;
    const { lastId } = this.#now;
    this.saved.setProgress({ cursor: this.#client.cursor, lastId, conversations: entriesToSave(this.#now) });
  }

  /** Ends the sessions of this user in all tabs, and removes everything that was saved. */
  signOut(): void {
    this.#tabs.tell({ type: "signed-out" });
    this.saved.clear();
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#saveTimer);
    this.#stopLoading();
    this.#readMarks.close();
    this.list.close();
    this.#client.close();
    this.#tabs.close();
    this.#onSignedOut();
  }

  get #now(): ChatState {
    return this.state.peek();
  }

  #dispatch(event: ChatEvent): void {
    const before = this.#now;
    const after = reduce(before, event);
    this.#state.value = after;
    if (this.#readMarks.tell(before, event, after)) this.#saveSoon();
  }

  /** Dispatches an event whose effect has to survive a reload. */
  #change(event: ChatEvent): void {
    this.#dispatch(event);
    this.#saveSoon();
  }

  #saveSoon(): void {
    this.#saveTimer ??= setTimeout(() => this.save(), SAVE_INTERVAL_MS);
  }

  #onTold(message: TabMessage): void {
    if (message.type === "signed-out") {
      this.saved.clearWritten();
      this.#end();
      return;
    }
    this.#change(message);
    this.#outbox.onTold(message);
  }

  #connect(cursor: string | undefined): ParleyClient {
    // The outbox has its own deadline, which begins when a message leaves. The SDK's would begin with the call: it
    // would end for one waiting message after the other, and each would move behind those written after it.
    const sendDeadlineMs = Number.POSITIVE_INFINITY;
    const client = connect({ url: "/ws", cursor, token: () => tokenOf(this.#session), sendDeadlineMs });
    client.messages.subscribe((message) => this.#change({ type: "message", message }));
    client.changes.subscribe(({ message }) => this.#change({ type: "changed", message }));
    this.#readMarks.listenTo(client, this.#now.hasBeenReady);
    client.state.subscribe((state) => this.#onConnection(state));
    return client;
  }

  #onConnection(state: State): void {
    if (state.phase === "connecting") this.#outbox.giveUpLate();
    const wasReady = this.#now.hasBeenReady;
    this.#change({ type: "connection", state });
    const isFirstReady = !wasReady && this.#now.hasBeenReady;
    const isFailedList = this.list.state.peek() === "failed";
    if (isFirstReady || (state.phase === "live" && isFailedList)) void this.list.load();
  }

  /**
   * Loads the open conversation's newest page, once the server has been ready. Before that, the page and the live
   * stream could leave a hole.
   */
  #loadOpenConversation(): void {
    const { open, hasBeenReady, conversations } = this.state.value;
    if (open !== undefined && hasBeenReady && conversations.get(open)?.older === "unknown") {
      void this.loadOlder(open);
    }
  }
}

function wasCursorRefused({ connection }: ChatState): boolean {
  return connection.phase === "closed" && connection.error?.code === "invalid_parameter";
}
