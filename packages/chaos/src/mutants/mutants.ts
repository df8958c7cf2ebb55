import type { AppName } from "@parley/local";

/**
 * A build that breaks a promise on purpose, so that everybody can see the checker say so. There is no switch for it
 * in the product: the edit is made on the way into the bundle, and what is shipped never held it.
 */
export interface BrokenBuild {
  readonly name: string;
  /** What it does wrong, and which rule that breaks. */
  readonly breaks: string;
  /** The app that is built so; the others of its house are as they are shipped. */
  readonly app: AppName;
  readonly edit: Edit;
  /** The fault under which it must fall. */
  readonly fault: string;
  /** What must be said of it, for people. */
  readonly expected: string;
  /** The same as a line of the problems. Any other red does not count. */
  readonly says: RegExp;
}

/** `text` stands exactly once in `file`, a path from the repository's root. */
export interface Edit {
  readonly file: string;
  readonly text: string;
  readonly becomes: string;
}

export const BROKEN_BUILDS: readonly BrokenBuild[] = [
  {
    name: "ack-before-append",
    breaks: "a gateway acknowledges before the log has the message (P31, G1)",
    app: "gateway",
    edit: {
      file: "apps/gateway/src/inbound/message-appender.ts",
      text: 'this.#owe({ kind: "draft", connection, draft });',
      becomes: `
        const id = Date.now() + "-" + String(connection.unanswered).padStart(10, "0") + "-00";
        this.#parts.outbox.toOne(connection, textFrame(ackFrame(draft.ref, id)));
        this.#owe({ kind: "draft", connection, draft });`,
    },
    fault: "F16",
    expected: "lost",
    says: /^lost: .* was acknowledged/,
  },
  {
    name: "xack-before-insert",
    breaks: "a persister tells the log that messages are stored before they are (L13)",
    app: "persister",
    edit: {
      file: "apps/persister/src/persister.ts",
      text: "for await (const settled of keeping.keep(batch, signal))",
      becomes: `for await (const settled of (
        await asking("settle", () =>
          settle(batch.map(({ message }) => ({ message, outcome: { kind: "stored" } })))),
        keeping.keep(batch, signal)))`,
    },
    fault: "F11",
    expected: "lost",
    says: /^lost: history has .*, MongoDB does not$/,
  },
  {
    name: "no-takeover",
    breaks: "a persister never takes over what a dead one held (L10, F1)",
    app: "persister",
    edit: {
      file: "packages/bus/src/redis/consume/group-reader.ts",
      text: "return this.#nextClaim;",
      becomes: "return Number.POSITIVE_INFINITY;",
    },
    fault: "F1",
    expected: "what it held is taken over by nobody",
    says: /waiting for another one to take over/,
  },
  {
    name: "no-hole-repair",
    breaks: "a gateway neither fills nor tells the hole that a lost subscription leaves (L14)",
    app: "gateway",
    edit: {
      file: "packages/bus/src/redis/live/repair.ts",
      text: "stream.fill(heardOf(page), page.position);",
      becomes: "stream.fill([], page.position);",
    },
    fault: "F9",
    expected: "unseen",
    says: /^unseen: /,
  },
  {
    name: "no-dedupe",
    breaks: "a gateway forgets the ref, so that nobody can tell a retry from a message (L5, G2)",
    app: "gateway",
    edit: {
      file: "apps/gateway/src/inbound/message-appender.ts",
      text: "drafts.push(owed.draft);",
      becomes: "drafts.push({ ...owed.draft, ref: undefined });",
    },
    fault: "F8",
    expected: "duplicated",
    says: /^duplicated: history has the content/,
  },
  {
    name: "history-from-the-store-alone",
    breaks: "history leaves out what is acknowledged and not stored yet (L19, P56)",
    app: "history-api",
    edit: {
      file: "apps/history-api/src/queries/history.ts",
      text: "pending: (wanted) => select(pending, wanted, () => true),",
      becomes: "pending: () => [],",
    },
    fault: "F13",
    expected: "history is not whole",
    says: /^P56: /,
  },
  {
    name: "silent-gap",
    breaks: "a gateway does not tell its clients that the log was replaced (L18, P23)",
    app: "gateway",
    edit: {
      file: "packages/bus/src/redis/live/live-stream.ts",
      text: "this.#output.gap(end, reason);",
      becomes: "",
    },
    fault: "F7",
    expected: "clients are not told",
    says: /clients were told to sync$/,
  },
];
