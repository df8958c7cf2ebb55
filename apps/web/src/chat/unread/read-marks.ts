import type { ParleyClient } from "@parley/client";
import { effect, type ReadonlySignal } from "@preact/signals";
import type { ChatEvent, ChatState, ListedConversation } from "../state.ts";
import type { Tabs } from "../tabs.ts";
import { CountRefresher } from "./count-refresher.ts";
import { isCountUncertain, markAfter, mayHaveOtherCount, missingMarks } from "./own-marks.ts";

interface ReadMarksDeps {
  readonly state: ReadonlySignal<ChatState>;
  readonly tabs: Tabs;
  /** Returns the current client. A new token comes with a new client. */
  client(): ParleyClient;
  change(event: ChatEvent): void;
}

/** Keeps the read marks and unread counts of this tab, the other tabs and the server in step (P70, P71). */
export class ReadMarks {
  readonly #deps: ReadMarksDeps;
  readonly #refresher: CountRefresher;
  #stop: () => void = () => undefined;

  constructor(deps: ReadMarksDeps) {
    this.#deps = deps;
    this.#refresher = new CountRefresher({
      client: deps.client,
      begun: () => deps.change({ type: "counts-requested" }),
      listed: (entries) => this.onListed(entries),
      needsOlder: (next) => mayHaveOtherCount(deps.state.peek(), next),
    });
  }

  /** Asks the server from now on whenever a count is uncertain. */
  start(): void {
    const { state } = this.#deps;
    this.#stop = effect(() => {
      if (isCountUncertain(state.value)) this.#refresher.request();
    });
  }

  close(): void {
    this.#stop();
    this.#refresher.close();
  }

  /** Listens to a client. `mayHaveMissed` is true if another client was connected before it. */
  listenTo(client: ParleyClient, mayHaveMissed: boolean): void {
    const { change, state } = this.#deps;
    client.marks.subscribe(({ by, with: other, id }) => {
      if (by === state.peek().me) change({ type: "read", with: other, upTo: id });
      else change({ type: "read-by", with: by, upTo: id });
    });
    client.marksMissed.subscribe(() => this.#refresher.requestNow());
    if (!mayHaveMissed) return;
    const stop = client.state.subscribe(({ phase }) => {
      if (phase !== "live") return;
      stop();
      this.#refresher.requestNow();
    });
  }

  /** Handles conversations that the server has listed. */
  onListed(entries: readonly ListedConversation[]): void {
    const { change, client, state } = this.#deps;
    change({ type: "listed", entries });
    for (const mark of missingMarks(state.peek(), entries)) client().markRead(mark.with, mark.id);
  }

  /** Tells the server and the other tabs what the user has seen by an event. Returns true if that is something new. */
  tell(before: ChatState, event: ChatEvent, after: ChatState): boolean {
    const mark = markAfter(before, event, after);
    if (!mark) return false;
    this.#deps.client().markRead(mark.with, mark.id);
    this.#deps.tabs.tell({ type: "read", with: mark.with, upTo: mark.id });
    return true;
  }
}
