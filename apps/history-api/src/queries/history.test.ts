import {
  contentDigest,
  conversationOf,
  isVisibleTo,
  type LogMessage,
  ORIGIN,
  refKey,
  type StoredMessage,
} from "@parley/models";
import { describe, expect, it } from "vitest";
import type { HistoryEvent } from "../events.ts";
import { assertInOrder, duplicated, isOnly, missing } from "../test/answers.ts";
import { ModelLog, seeded } from "../test/model-log.ts";
import { noDeadline } from "../test/no-deadline.ts";
import { idAt } from "../test/scripted-tail.ts";
import type { ConversationReader } from "./conversation-reader.ts";
import { History, type PageOptions } from "./history.ts";
import { RefLookup } from "./ref-lookup.ts";

const SEEDS = Array.from({ length: 150 }, (_, index) => index + 1);

const WHOLE = { after: undefined, before: undefined };

interface Case {
  readonly model: ModelLog;
  readonly history: History;
  readonly events: HistoryEvent[];
}

function caseOf(seed: number): Case {
  const model = new ModelLog(seeded(seed));
  const events: HistoryEvent[] = [];
  const observe = (event: HistoryEvent) => void events.push(event);
  const refLookup = new RefLookup(model, observe);
  return { model, history: new History({ follower: model, store: model, refLookup, observe }), events };
}

/** Checks that aliases are ids of the log that repeat their message, and that no answer has both (P58). */
function assertAliases(answer: readonly StoredMessage[], log: readonly LogMessage[]): number {
  const ids = new Set(answer.map(({ id }) => id));
  const byId = new Map(log.map((message) => [message.id, message]));
  const named = answer.filter(({ also }) => also !== undefined);
  for (const { id, also = "" } of named) {
    const [first, again] = [byId.get(id), byId.get(also)];
    expect(first && again && [refKey(again), again.content]).toEqual(first && [refKey(first), first.content]);
    expect(ids.has(also)).toBe(false);
  }
  return named.length;
}

/** Checks that a message was found under its id: itself, or the one that it repeats. Returns 1 for the latter. */
function assertFound(
  found: StoredMessage | undefined,
  message: LogMessage,
  log: readonly LogMessage[],
): number {
  expect([found?.from, found?.to]).toEqual([message.from, message.to]);
  expect(found && (found.digest ?? contentDigest(found))).toBe(contentDigest(message));
  if (found?.id === message.id) return 0;
  expect(found?.also).toBeDefined();
  expect(refKey(log.find(({ id }) => id === found?.id) ?? message)).toBe(refKey(message));
  return 1;
}

async function collect(reader: ConversationReader): Promise<StoredMessage[]> {
  const all: StoredMessage[] = [];
  while (!reader.isDone) all.push(...(await reader.next(noDeadline())));
  return all;
}

describe("any interleaving of the log and the store between the reads", () => {
  it.each([
    ["a private conversation", "bob"],
    ["the public room", ""],
  ])("P56, L19: the whole of %s is a prefix of the log, with each message once", async (_, peer) => {
    for (const seed of SEEDS) {
      const { model, history } = caseOf(seed);
      const acknowledged = model.end;
      const answer = await collect(await history.openConversation("alice", peer, WHOLE, noDeadline()));
      const conversation = conversationOf("alice", peer);
      const known = model.log.filter(({ from, to }) => conversationOf(from, to) === conversation);
      const last = answer.at(-1)?.id ?? ORIGIN;
      const prefix = known.filter(({ id }) => id <= last || id <= acknowledged);
      expect(missing(answer, prefix), `seed ${seed}`).toEqual([]);
      expect(duplicated(answer, known), `seed ${seed}`).toEqual([]);
      assertInOrder(answer);
      assertAliases(answer, model.log);
    }
  });

  it("P58, P59: every acknowledged id is found, as its message or as that which it repeats, by those who may see it", async () => {
    let aliases = 0;
    for (const seed of SEEDS) {
      const { model, history } = caseOf(seed);
      // The newest messages are the most likely ones to be stored and to leave the tail between two reads.
      for (let read = 0; read < 60; read += 1) {
        const message = model.log.at(-1 - (read % 6));
        if (!message) continue;
        const found = await history.readMessage("alice", message.id, noDeadline());
        if (isVisibleTo("alice", message)) aliases += assertFound(found, message, model.log);
        else expect(found, `seed ${seed}`).toBeUndefined();
      }
      const next = idAt(model.log.length + 1_000);
      expect(await history.readMessage("alice", next, noDeadline())).toBeUndefined();
    }
    expect(aliases).toBeGreaterThan(20);
  });

  it("G2, P56: answers stay complete and without doubles while the answers about refs are remembered", async () => {
    for (const seed of SEEDS) {
      const { model, history } = caseOf(seed);
      for (let read = 0; read < 15; read += 1) {
        // Asks for refs of the newest messages alone, without those of earlier messages that have the same refs.
        const newest = { ...WHOLE, limit: 1 + (read % 3), newest: true };
        await history.readPage("alice", "", newest, noDeadline());
        const acknowledged = model.end;
        const answer = await collect(await history.openConversation("alice", "", WHOLE, noDeadline()));
        const known = model.log.filter(({ to }) => to === "");
        const prefix = known.filter(({ id }) => id <= (answer.at(-1)?.id ?? ORIGIN) || id <= acknowledged);
        expect(missing(answer, prefix), `seed ${seed}, read ${read}`).toEqual([]);
        expect(duplicated(answer, known), `seed ${seed}, read ${read}`).toEqual([]);
      }
    }
  });

  it("P53, L22: a client that continues from each answer's cursor misses no message, with any limit", async () => {
    for (const seed of SEEDS) {
      const { model, history } = caseOf(seed);
      const seen: LogMessage[] = [];
      let cursor = ORIGIN;
      for (let rounds = 0; rounds < 40; rounds += 1) {
        const acknowledged = model.end;
        const page = await history.sync("alice", cursor, 1 + (seed % 5), noDeadline());
        assertInOrder(page.messages);
        expect(page.cursor >= (page.messages.at(-1)?.id ?? cursor), `seed ${seed}`).toBe(true);
        seen.push(...page.messages);
        cursor = page.cursor;
        if (page.more) continue;
        expect(cursor >= acknowledged, `seed ${seed}`).toBe(true);
        const visible = model.log.filter((message) => isVisibleTo("alice", message) && message.id <= cursor);
        expect(missing(seen, visible), `seed ${seed}`).toEqual([]);
      }
      expect(new Set(seen.map(({ id }) => id)).size, `seed ${seed}`).toBe(seen.length);
    }
  });

  it("P51: pages from the newest back to the oldest hold everything", async () => {
    for (const seed of SEEDS) {
      const { model, history } = caseOf(seed);
      const acknowledged = model.end;
      let seen: LogMessage[] = [];
      let before: string | undefined;
      do {
        const page = await history.readPage(
          "alice",
          "",
          { after: undefined, before, limit: 1 + (seed % 4), newest: true },
          noDeadline(),
        );
        assertInOrder(page.messages);
        seen = [...page.messages, ...seen];
        before = page.next;
      } while (before !== undefined);
      // A message may be left out in favour of a duplicate that was appended after the first page was read.
      const known = model.log.filter(({ to, id }) => to === "" && id <= acknowledged);
      const single = known.filter((message) => message.ref === undefined || isOnly(message, model.log));
      expect(missing(seen, single), `seed ${seed}`).toEqual([]);
      assertInOrder(seen);
    }
  });
});

describe("a part of a conversation", () => {
  it("P51, P64: is that part of the whole, in one answer and page by page from either end", async () => {
    for (const seed of SEEDS) {
      const { model, history } = caseOf(seed);
      model.freeze();
      const random = seeded(seed);
      const bound = () =>
        random() < 0.2
          ? undefined
          : idAt(Math.floor(random() * (model.log.length + model.logChanges.length + 2)));
      for (const peer of ["", "bob"]) {
        const conversation = conversationOf("alice", peer);
        const part = { after: bound(), before: bound() };
        const expected = model
          .visible()
          .filter(({ id, from, to }) => conversationOf(from, to) === conversation && isWithin(part, id))
          .map(({ id }) => id);
        const whole = await collect(await history.openConversation("alice", peer, part, noDeadline()));
        expect(idsOf(whole), `seed ${seed}`).toEqual(expected);
        for (const newest of [false, true]) {
          const paged = await readPages(history, peer, { ...part, newest, limit: 1 + (seed % 4) });
          expect(idsOf(paged), `seed ${seed}, newest ${newest}`).toEqual(expected);
        }
      }
    }
  });
});

function isWithin(
  { after = "", before = "~" }: { after?: string | undefined; before?: string | undefined },
  id: string,
) {
  return id > after && id < before;
}

function idsOf(messages: readonly LogMessage[]): string[] {
  return messages.map(({ id }) => id);
}

async function readPages(history: History, peer: string, options: PageOptions): Promise<StoredMessage[]> {
  const all: StoredMessage[] = [];
  let { after, before } = options;
  for (let next: string | undefined = ""; next !== undefined; ) {
    const page = await history.readPage("alice", peer, { ...options, after, before }, noDeadline());
    if (options.newest) all.unshift(...page.messages);
    else all.push(...page.messages);
    next = page.next;
    if (options.newest) before = next;
    else after = next;
  }
  return all;
}

describe("a cursor beyond the log's end", () => {
  it("L3: starts again from the store, misses nothing of the new log, and reports it", async () => {
    const { model, history, events } = caseOf(7);
    const page = await history.sync("alice", idAt(999_999), 1_000, noDeadline());
    const visible = model.log.filter((message) => isVisibleTo("alice", message) && message.id <= page.cursor);
    expect(missing(page.messages, visible)).toEqual([]);
    expect(page.messages.length).toBeGreaterThan(0);
    expect(page.cursor < idAt(999_999)).toBe(true);
    expect(events).toEqual([{ type: "cursor-beyond-log", user: "alice" }]);
  });
});
