import {
  type ChangeDraft,
  isTargetOf,
  isVisibleTo,
  type LogChange,
  type StoredMessage,
} from "@parley/models";
import {
  type ChangedMessage,
  type ChangesOf,
  isFull,
  PageCollector,
  type PageSize,
  type Store,
} from "@parley/store";
import { indexAfter } from "../log-tail/entry-list.ts";
import { PresentContent } from "./present-content.ts";
import { type ReadByIdsDeps, readByIds } from "./read-by-ids.ts";
import type { Stepping } from "./steps.ts";

/** A change, with its message as it is now (P75). */
export interface ShownChange {
  /** The change's own id. */
  readonly change: string;
  readonly kind: ChangeDraft["kind"];
  /** The moderator who deleted the message. */
  readonly by?: string | undefined;
  readonly message: StoredMessage;
}

export interface ChangesPage {
  readonly changes: readonly ShownChange[];
  /** The position up to which the page has all changes. Undefined if it has all changes of the range. */
  readonly next: string | undefined;
}

/** The user for whom the log is read, or everyone (P63). */
export type Audience = Exclude<ChangesOf, { readonly conversation: string }>;

export interface ChangesQuery extends PageSize {
  readonly of: Audience;
  /** The ids between which the changes lie. Both are exclusive. */
  readonly after: string;
  readonly before: string;
}

export interface ReadChangesDeps extends ReadByIdsDeps, Stepping {
  readonly store: Pick<Store, "changes" | "findByIds">;
}

/**
 * Reads changes of one user or of all (P63), in the order of their ids. They are merged from store and tail as messages are
 * (merge.ts): a change up to the tail's position that isn't in the tail was stored before the store was read. Many are read
 * in steps, from the store and from the tail.
 */
export async function readChanges(query: ChangesQuery, deps: ReadChangesDeps): Promise<ChangesPage> {
  const changes: ShownChange[] = [];
  const page = new PageCollector<StoredMessage>(query);
  for (let { after } = query; ; ) {
    const limit = deps.stepSize.next(query.limit, query.limit - changes.length);
    const startedAt = performance.now();
    const step = await readStep({ ...query, after, limit }, deps);
    deps.stepSize.took(step.changes.length, performance.now() - startedAt);
    for (const shown of step.changes) {
      changes.push(shown);
      if (page.add(shown.message)) return { changes, next: shown.change };
    }
    if (step.next === undefined) return { changes, next: undefined };
    after = step.next;
    await deps.giveWay();
  }
}

async function readStep(query: ChangesQuery, deps: ReadChangesDeps): Promise<ChangesPage> {
  const { of, ...range } = query;
  const { store, tail, deadline } = deps;
  const stored = await deadline.during("store", (signal) => store.changes(of, { ...range, signal }));
  const pending = pendingChanges(query, deps);
  const next = nearestEnd(stored, pending, range);
  const isCovered = ({ change }: { readonly change: string }) => next === undefined || change <= next;
  const covered = stored.filter(({ change }) => isCovered(change));
  const present = await new PresentContent({ ...deps, tails: [tail] }).of(
    covered.map(({ message }) => message),
  );
  const shown = covered.flatMap(({ change }, index) => {
    const message = present[index];
    return message ? [shownOf(change, message)] : [];
  });
  const ids = new Set(covered.map(({ change }) => change.change));
  const rest = pending.filter((change) => isCovered(change) && !ids.has(change.change));
  const changes = [...shown, ...(await withMessages(rest, deps))];
  return { changes: changes.sort((a, b) => (a.change < b.change ? -1 : 1)), next };
}

/** The changes of the tail that are selected, at most `limit`. */
function pendingChanges({ of, after, before, limit }: ChangesQuery, { tail }: ReadChangesDeps): LogChange[] {
  const { entries, length } = tail.changes;
  const found: LogChange[] = [];
  for (let at = indexAfter(entries, length, after); at < length && found.length < limit; at += 1) {
    const change = entries[at];
    if (change === undefined || change.change >= before) break;
    if (isMeantFor(of, change)) found.push(change);
  }
  return found;
}

/** Tells if an audience reads a message or a change. */
export function isMeantFor(of: Audience, entry: { readonly from: string; readonly to: string }): boolean {
  return of === "everyone" || isVisibleTo(of.user, entry);
}

/** The last position that both lists cover. Undefined if both lists are complete. */
function nearestEnd(stored: readonly ChangedMessage[], pending: readonly LogChange[], size: PageSize) {
  const messages = stored.map(({ message }) => message);
  const ends = [
    isFull(messages, size) ? stored.at(-1)?.change.change : undefined,
    pending.length >= size.limit ? pending.at(-1)?.change : undefined,
  ];
  return ends.filter((end) => end !== undefined).sort()[0];
}

/** Leaves out a change whose message doesn't exist, or is another one (L28). */
async function withMessages(changes: readonly LogChange[], deps: ReadByIdsDeps): Promise<ShownChange[]> {
  if (changes.length === 0) return [];
  const messages = await readByIds([...new Set(changes.map(({ id }) => id))], deps);
  return changes.flatMap((change) => {
    const message = messages.get(change.id);
    return message && isTargetOf(change, message) ? [shownOf(change, message)] : [];
  });
}

function shownOf(
  {
    change,
    kind,
    ...rest
  }: { readonly change: string; readonly kind: ChangeDraft["kind"]; readonly by?: string },
  message: StoredMessage,
): ShownChange {
  const { by } = rest;
  return { change, kind, message, ...(by !== undefined && { by }) };
}
