import { until } from "@parley/async";
import type {
  Appended,
  Appender,
  Bus,
  Consumer,
  LiveFeed,
  LiveMessage,
  LogState,
  LogTail,
} from "@parley/bus";
import {
  contentDigest,
  type Deletion,
  type Draft,
  decodeBody,
  decodeBodyWithMeta,
  decodeChange,
  type Edit,
  type EntryDraft,
  isChange,
  type LogEntry,
  type LogMessage,
  ORIGIN,
  parseId,
} from "@parley/models";
import { expect } from "vitest";
import { TestPersister } from "./test-persister.ts";

/** A new, empty log with a bus for each service. If the log is in memory, all three services share one bus. */
export interface BusUnderTest {
  readonly gateway: Bus;
  readonly persister: Bus;
  readonly history: Bus;
  /**
   * Sets how far the clock from which ids are made is ahead, in ms. The clock of Redis can't be set, so there the log's
   * last id gets the time instead, as if it had been made by that clock.
   */
  setClockAhead(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** The limits of a log. The adapter's default applies to each limit that is missing. */
export interface BusLimits {
  /** Maximum number of messages that may wait to be stored. */
  readonly maxEntries?: number;
  /** Maximum number of entries about revocations. */
  readonly maxRevocations?: number;
  /** How long the log remembers refs, in ms. Without effect on a log that asks the store. */
  readonly dedupeWindowMs?: number;
  /** Maximum number of refs that the log remembers. Without effect on a log that asks the store. */
  readonly dedupeMaxRefs?: number;
  /** Maximum number of read marks that may wait to be stored. */
  readonly maxUnstoredMarks?: number;
}

/** A message or a change that the live listener received. */
export interface Delivered {
  readonly audience: string;
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** "" for a deletion. */
  readonly content: string;
  /** What was decoded, as a draft without its ref. */
  readonly draft: EntryDraft;
}

/** All roles of a bus, a running test persister, and the messages and gaps that the live listener received. */
export interface BusFixture {
  readonly bus: BusUnderTest;
  readonly append: Appender;
  readonly live: LiveFeed;
  readonly consume: Consumer;
  readonly tail: LogTail;
  readonly persister: TestPersister;
  readonly delivered: Delivered[];
  /** The cursor of each reported gap, and the number of messages delivered before that gap. */
  readonly gaps: { readonly cursor: string; readonly after: number }[];
  close(): Promise<void>;
}

/** Wraps a test so that it runs on its own log, which is closed afterwards. */
export type WithBus = (
  test: (fixture: BusFixture) => Promise<void>,
  limits?: BusLimits,
) => () => Promise<void>;

/** Opens all roles of the buses, starts a persister, and waits until no role reports a problem. */
export async function busFixture(bus: BusUnderTest): Promise<BusFixture> {
  const delivered: Delivered[] = [];
  const gaps: { cursor: string; after: number }[] = [];
  const consume = bus.persister.consume({ lastStored: async () => ORIGIN });
  const persister = new TestPersister(consume);
  persister.start();
  const fixture = {
    bus,
    consume,
    persister,
    delivered,
    gaps,
    append: bus.gateway.append(),
    live: bus.gateway.live({
      message: (audience, live) => delivered.push(deliveredFrom(audience, live)),
      gap: (cursor) => gaps.push({ cursor, after: delivered.length }),
    }),
    tail: bus.history.tail(),
    close: async () => {
      await bus.gateway.close();
      await persister.stop();
      await bus.close();
    },
  };
  await until(
    () => [fixture.append, fixture.live, fixture.consume, fixture.tail].every((role) => !role.problem()),
    "the bus has no problem",
  );
  return fixture;
}

function deliveredFrom(audience: string, { id, body, kind }: LiveMessage): Delivered {
  const draft = kind ? decodeChange(kind, body) : (decodeBodyWithMeta(body) ?? decodeBody(body));
  if (!draft) throw new Error("an undecodable body was delivered");
  const { from, to } = draft;
  return { audience, id, from, to, content: contentIn(draft), draft };
}

function contentIn(draft: EntryDraft): string {
  return isChange(draft) && draft.kind === "delete" ? "" : draft.content;
}

/** Returns a delivered entry, which must be a message. */
export function messageOf({ entry }: { readonly entry: LogEntry }): LogMessage {
  if (isChange(entry)) throw new Error(`this is a change: ${entry.kind}`);
  return entry;
}

/** Returns the content of an entry: "" for a deletion. */
export function contentOf({ entry }: { readonly entry: LogEntry }): string {
  return contentIn(entry);
}

/** Appends one draft and returns its id. Throws if it was not appended. */
export async function send(append: Appender, draft: EntryDraft): Promise<string> {
  return idOf((await append.append([draft]))[0]);
}

export function idOf(appended: Appended | undefined): string {
  if (!appended?.ok) throw new Error(`not appended: ${appended?.error.code}`);
  return appended.id;
}

/** Expects that `measure` returns the age of the message `id` as the lag, to the millisecond of the measurement. */
export async function expectLag(id: string, measure: () => Promise<LogState>): Promise<void> {
  const age = () => Date.now() - (parseId(id)?.ms ?? Number.NaN);
  const [before, { lagMs }, after] = [age(), await measure(), age()];
  expect(lagMs).toBeGreaterThanOrEqual(before);
  expect(lagMs).toBeLessThanOrEqual(after);
}

export function codeOf(appended: Appended | undefined): string {
  return appended?.ok ? "ok" : (appended?.error.code ?? "missing");
}

/** Returns the draft of a private message, or of a public message if `to` is "". */
export function draft(from: string, to: string, content: string, ref?: string): Draft {
  return { from, to, content, ...(ref !== undefined && { ref }) };
}

/** Returns an edit of the message `id`, which was appended as `draft`. */
export function edit(
  id: string,
  draft: Draft,
  content: string,
  more: { meta?: string; ref?: string } = {},
): Edit {
  const { from, to } = draft;
  return { kind: "edit", from, to, id, digest: contentDigest(draft), content, ...more };
}

/** Returns a deletion of the message `id`, which was appended as `draft`. */
export function deletion(id: string, draft: Draft, more: { by?: string; ref?: string } = {}): Deletion {
  const { from, to } = draft;
  return { kind: "delete", from, to, id, digest: contentDigest(draft), ...more };
}
