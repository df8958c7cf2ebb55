import {
  isChange,
  isSameContent,
  type LogChange,
  type LogEntry,
  type LogMessage,
  refKey,
} from "@parley/models";
import fc from "fast-check";
import { idAt, messageAt } from "../messages.ts";
import { deletionOf, editOf } from "./changes.ts";

/** A log of few messages and their changes. Several messages are duplicates, and some changes are of other messages. */
export interface ArbitraryLog {
  readonly entries: readonly LogEntry[];
  /** The entries that two persisters get, in this order: some come several times, and in any order. */
  readonly deliveries: readonly Delivery[];
}

/** A batch for one of two persisters. */
export interface Delivery {
  readonly persister: 0 | 1;
  readonly batch: readonly LogEntry[];
  /** The persister ends after the store's answer, and before it settles the batch. */
  readonly isKilled: boolean;
}

const messageSpec = fc.record({
  what: fc.constant("message" as const),
  content: fc.constantFrom("x", "y"),
  hasRef: fc.boolean(),
});
const changeSpec = fc.record({
  what: fc.constantFrom("edit" as const, "delete" as const),
  /** Counts the earlier messages from the last one. A number that is too large names a message that doesn't exist. */
  target: fc.nat(4),
  isOther: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  meta: fc.option(fc.constantFrom('{"m":1}', '{"m":2}'), { nil: undefined }),
});
const deliverySpec = fc.record({
  persister: fc.constantFrom(0 as const, 1 as const),
  entries: fc.array(fc.nat(30), { minLength: 1, maxLength: 5 }),
  isKilled: fc.boolean(),
});

export const arbitraryLog: fc.Arbitrary<ArbitraryLog> = fc
  .record({
    specs: fc.array(fc.oneof(messageSpec, { weight: 2, arbitrary: changeSpec }), {
      minLength: 1,
      maxLength: 10,
    }),
    deliveries: fc.array(deliverySpec, { maxLength: 12 }),
  })
  .map(({ specs, deliveries }) => {
    const entries: LogEntry[] = [];
    for (const spec of specs) entries.push(entryOf(spec, entries));
    return {
      entries,
      deliveries: deliveries.map(({ entries: numbers, ...delivery }) => ({
        ...delivery,
        batch: [...new Set(numbers)].flatMap((n) => entries[n % entries.length] ?? []),
      })),
    };
  });

type ValueOf<A> = A extends fc.Arbitrary<infer Value> ? Value : never;
type Spec = ValueOf<typeof messageSpec> | ValueOf<typeof changeSpec>;

/** Ids leave room, so that a change can name a message that doesn't exist. */
function entryOf(spec: Spec, earlier: readonly LogEntry[]): LogEntry {
  const n = 2 * earlier.length + 1;
  if (spec.what === "message") {
    const { content, hasRef } = spec;
    return messageAt(n, { to: "bob", content, ...(hasRef && { ref: `ref of ${content}` }) });
  }
  const messages = earlier.filter((entry): entry is LogMessage => !isChange(entry));
  const target = messages.at(-1 - spec.target) ?? messageAt(n - 1, { to: "bob" });
  const first = spec.isOther ? { ...target, content: "other" } : target;
  if (spec.what === "delete") return deletionOf(first, n);
  return editOf(first, n, spec.meta === undefined ? {} : { meta: spec.meta });
}

/** A message as the log says that it is, with all ids that stand for it, and its changes in order. */
export interface Expected {
  readonly ids: readonly string[];
  readonly changes: readonly LogChange[];
  readonly shown: {
    readonly content: string;
    readonly meta?: string;
    readonly change?: string;
    readonly deleted?: true;
  };
}

/** Reads the log once, in order, as if every change were applied at once. */
export function expectedOf(entries: readonly LogEntry[]): Expected[] {
  const groups = Map.groupBy(
    entries.filter((entry): entry is LogMessage => !isChange(entry)),
    (message) => refKey(message) ?? message.id,
  );
  return [...groups.values()].map((messages) => {
    const ids = messages.map(({ id }) => id);
    const changes = entries.filter(
      (entry): entry is LogChange =>
        isChange(entry) &&
        ids.includes(entry.id) &&
        messages.some((message) => isSameContent(message, { content: "", digest: entry.digest })),
    );
    return { ids, changes, shown: shownAfter(messages[0]?.content ?? "", changes) };
  });
}

function shownAfter(first: string, changes: readonly LogChange[]): Expected["shown"] {
  let shown: Expected["shown"] = { content: first };
  for (const entry of changes) {
    const { change } = entry;
    if (entry.kind === "delete") return { content: "", change, deleted: true };
    shown = { content: entry.content, change, ...(entry.meta !== undefined && { meta: entry.meta }) };
  }
  return shown;
}

/** An id after every entry of the log. */
export const AFTER_ALL: string = idAt(100);
