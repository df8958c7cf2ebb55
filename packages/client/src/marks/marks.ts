import { ParleyError } from "../errors.ts";
import type { ConversationsPage } from "../http/http-client.ts";
import { Subject } from "../observable.ts";
import { type ErrorFrame, isWellFormed, type ReadMark } from "../wire.ts";
import { GreatestIds } from "./greatest-ids.ts";
import { MarkSender } from "./mark-sender.ts";

/** The maximum number of marks that are remembered, to tell only greater ones (G5). */
const MAX_HEARD = 2_000;
/** The longest wait before the application is told that the server's marks were missed: clients spread out (P70). In ms. */
const MISSED_SPREAD_MS = 2_000;
/** A username has at most this many characters (P4). */
const MAX_NAME_LENGTH = 64;

/** The read marks of a client: those that it sends, and those that the server tells (P70). */
export class Marks {
  /** Every mark that is told and greater than before. */
  readonly told = new Subject<ReadMark>();
  /** Marks may have been missed. */
  readonly missed = new Subject<void>();
  readonly #sender: MarkSender;
  readonly #heard = new GreatestIds(MAX_HEARD);
  #user: string | undefined;
  #isClosed = false;
  /** True from the end of a connection until the client is live again. */
  #isInterrupted = false;
  #missedTimer: ReturnType<typeof setTimeout> | undefined;

  /** `transmit` writes a frame to the current connection. */
  constructor(transmit: (frame: string) => void) {
    this.#sender = new MarkSender(transmit);
  }

  /** Throws a ParleyError if the arguments can't be a mark. An invalid frame would count against the connection (P32). */
  markRead(other: string, id: string): void {
    if (typeof other !== "string" || [...other].length > MAX_NAME_LENGTH || !isWellFormed(other)) {
      throw new ParleyError("invalid_username", "markRead: this isn't a username.");
    }
    if (typeof id !== "string" || !/^\d{13}-\d{10}-\d{2}$/.test(id)) {
      throw new ParleyError("invalid_parameter", "markRead: this isn't the id of a message.");
    }
    if (!this.#isClosed) this.#sender.mark(other, id);
  }

  /** A connection is ready. A server of an earlier version has no read marks, and gets none (P5). */
  connected({ user, marks }: { readonly user: string; readonly marks?: boolean }): void {
    this.#user = user;
    if (marks) this.#sender.connected();
  }

  disconnected(): void {
    this.#isInterrupted ||= this.#user !== undefined;
    this.#sender.disconnected();
    this.#cancelMissed();
  }

  /** The client is live. */
  live(): void {
    if (!this.#isInterrupted) return;
    this.#isInterrupted = false;
    this.#cancelMissed();
    if (!this.#isClosed) this.missed.next();
  }

  onRead(mark: ReadMark): void {
    if (mark.by === this.#user) this.#sender.confirm(mark.with, mark.id);
    if (this.#heard.raise(`${mark.by}\n${mark.with}`, mark.id)) this.told.next(mark);
  }

  /** The server has missed marks. */
  onMissed(): void {
    this.#missedTimer ??= setTimeout(() => {
      this.#missedTimer = undefined;
      this.missed.next();
    }, Math.random() * MISSED_SPREAD_MS);
  }

  onError(error: ErrorFrame): void {
    if (error.ref === undefined) this.#sender.onError(error);
  }

  /** Takes the user's own marks from a response. */
  onPage({ conversations, public: room }: ConversationsPage): void {
    for (const { with: other, read } of conversations) if (read) this.#sender.confirm(other, read);
    if (room?.read) this.#sender.confirm("", room.read);
  }

  close(): void {
    this.#isClosed = true;
    this.#sender.close();
    this.#cancelMissed();
  }

  #cancelMissed(): void {
    clearTimeout(this.#missedTimer);
    this.#missedTimer = undefined;
  }
}
