import { isChange, type LogChange, type LogEntry, type LogMessage, laterOf } from "@parley/models";
import { estimateBytes } from "@parley/store";
import { EntryList, type EntryView } from "./entry-list.ts";
import { TailRefs } from "./tail-refs.ts";

/** A list of messages as it was when the view was taken. */
export type MessageView = EntryView<LogMessage>;
/** A list of changes as it was when the view was taken. */
export type ChangeView = EntryView<LogChange>;

/**
 * The messages at the end of the log, in log order, indexed by conversation and by ref. Beside them the changes at the end of
 * the log (L28), which are kept for as long.
 */
export class RecentMessages {
  #since: string;
  readonly #messages = new EntryList<LogMessage>();
  readonly #changes = new EntryList<LogChange>();
  readonly refs = new TailRefs();
  #bytes = 0;

  /** `since` is a position in the log. The caller adds every entry after it. */
  constructor(since: string) {
    this.#since = since;
  }

  /** All entries that were added after this position are still here. Earlier ones were dropped or never added. */
  get since(): string {
    return this.#since;
  }

  get entries(): number {
    return this.#messages.length + this.#changes.length;
  }

  /** Estimated memory of all entries here, in bytes. */
  get bytes(): number {
    return this.#bytes + this.refs.bytes;
  }

  /** Appends entries. They must be in log order and come after every entry that is already here. */
  add(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.#bytes += estimate(entry);
      if (isChange(entry)) this.#changes.add(entry);
      else {
        this.#messages.add(entry);
        this.refs.add(entry);
      }
    }
  }

  /** Drops every entry up to and including `id`. */
  dropUpTo(id: string): void {
    this.#since = laterOf(this.#since, id);
    const messages = this.#messages.dropUpTo(id);
    for (const message of messages) this.refs.drop(message);
    for (const entry of [...messages, ...this.#changes.dropUpTo(id)]) this.#bytes -= estimate(entry);
  }

  /** Returns the messages of a conversation, or all messages. */
  viewMessages(conversation?: string): MessageView {
    return this.#messages.view(conversation);
  }

  /** Returns the changes of a conversation, or all changes. */
  viewChanges(conversation?: string): ChangeView {
    return this.#changes.view(conversation);
  }
}

/** Estimated memory of an entry, in bytes. */
function estimate(entry: LogEntry): number {
  return estimateBytes(isChange(entry) ? { content: "", ...entry } : entry);
}
