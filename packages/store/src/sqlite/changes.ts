import type { DatabaseSync, StatementSync } from "node:sqlite";
import { applyChange, conversationOf, isTargetOf, type LogChange, type StoredMessage } from "@parley/models";
import type { ChangedMessage, ChangeOutcome, ChangeRef, ChangesOf, StoredChange } from "../change.ts";
import { changeOutcome, changeRejection, ID_TAKEN, isSameChange, storedChangeOf } from "../change-outcome.ts";
import { PageCollector, type PageSize } from "../page-size.ts";
import type { Range } from "../store.ts";
import { changeOf, messageOf } from "./rows.ts";
import * as sql from "./statements.ts";

/** The changes in a database. Reads a message and writes it in one transaction, so that nothing comes in between. */
export class SqliteChanges {
  readonly #insert: StatementSync;
  readonly #byId: StatementSync;
  readonly #byRef: StatementSync;
  readonly #idsOfUser: StatementSync;
  readonly #ids: StatementSync;
  readonly #idsOfConversation: StatementSync;
  readonly #message: StatementSync;
  readonly #messageOfAlias: StatementSync;
  readonly #update: StatementSync;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare(sql.INSERT_CHANGE);
    this.#byId = db.prepare(sql.CHANGE_BY_ID);
    this.#byRef = db.prepare(sql.CHANGE_BY_REF);
    this.#idsOfUser = db.prepare(sql.CHANGE_IDS_OF_USER);
    this.#ids = db.prepare(sql.CHANGE_IDS);
    this.#idsOfConversation = db.prepare(sql.CHANGE_IDS_OF_CONVERSATION);
    this.#message = db.prepare(sql.BY_ID);
    this.#messageOfAlias = db.prepare(sql.BY_ALIAS);
    this.#update = db.prepare(sql.UPDATE_MESSAGE);
  }

  /** Keeps a change and applies it to its message (L28). Must run in a transaction. */
  apply(change: LogChange, watermark: string): ChangeOutcome {
    const reason = changeRejection(change);
    if (reason !== undefined) return { kind: "failed", reason };
    if (!this.#keep(storedChangeOf(change))) return ID_TAKEN;
    const message = this.#messageWith(change.id);
    const outcome = changeOutcome(change, message, watermark);
    if (outcome || !message) return outcome ?? { kind: "notYet" };
    const { id, content, meta, digest, change: last, deleted } = applyChange(message, change);
    this.#update.run(content, meta ?? null, digest ?? null, last ?? null, deleted ? 1 : null, id);
    return { kind: "stored" };
  }

  /** Returns each change within the range that has a message, with it, until the page is full (P75). */
  read(of: ChangesOf, { after = sql.FIRST, before = sql.LAST, ...size }: Range & PageSize): ChangedMessage[] {
    const page = new PageCollector<StoredMessage>(size);
    const changed: ChangedMessage[] = [];
    for (const { id } of this.#idsWithin(of, { after, before })) {
      const change = this.#changeWith(String(id));
      const message = change && this.#messageWith(change.id);
      if (!message || !isTargetOf(change, message)) continue;
      changed.push({ change, message });
      if (page.add(message)) break;
    }
    return changed;
  }

  /** Returns the first change with a ref. */
  find({ from, to, by = from, ref }: ChangeRef): StoredChange | undefined {
    const row = this.#byRef.get(conversationOf(from, to), ref, by);
    return row && changeOf(row);
  }

  /** Returns false if another change has the id. */
  #keep(change: StoredChange): boolean {
    const { from, to, kind, id, digest, by = null, ref = null, ownDigest } = change;
    const values = [change.change, conversationOf(from, to), from, to, kind, id, digest, by, ref, ownDigest];
    if (this.#insert.run(...values).changes === 1) return true;
    const kept = this.#changeWith(change.change);
    return kept !== undefined && isSameChange(kept, change);
  }

  #idsWithin(of: ChangesOf, range: { readonly after: string; readonly before: string }) {
    if (of === "everyone") return this.#ids.iterate(range);
    return ("user" in of ? this.#idsOfUser : this.#idsOfConversation).iterate({ ...of, ...range });
  }

  #changeWith(id: string): StoredChange | undefined {
    const row = this.#byId.get(id);
    return row && changeOf(row);
  }

  #messageWith(id: string): StoredMessage | undefined {
    const row = this.#message.get(id) ?? this.#messageOfAlias.get(id);
    return row && messageOf(row);
  }
}
