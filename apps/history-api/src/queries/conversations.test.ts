import { conversationOf, type LogEntry, type LogMessage, ORIGIN, refKey } from "@parley/models";
import type { LastMessages, Store } from "@parley/store";
import { describe, expect, it } from "vitest";
import type { TailSnapshot } from "../log-tail/log-follower.ts";
import { RecentMessages } from "../log-tail/recent-messages.ts";
import { ModelLog, seeded } from "../test/model-log.ts";
import { newestOfEach } from "../test/newest-of-each.ts";
import { noDeadline } from "../test/no-deadline.ts";
import { edit, idAt, message } from "../test/scripted-tail.ts";
import { Conversations, type ConversationsDeps } from "./conversations.ts";
import { RefLookup } from "./ref-lookup.ts";

const SEEDS = Array.from({ length: 300 }, (_, index) => index + 1);

async function allPages(conversations: Conversations, limit: number): Promise<LogMessage[]> {
  const seen: LogMessage[] = [];
  let before: string | undefined;
  do {
    const page: LastMessages = await conversations.readPage("alice", { before, limit }, noDeadline());
    expect(page.messages.length).toBeLessThanOrEqual(limit);
    seen.push(...page.messages);
    before = page.next;
  } while (before !== undefined);
  return seen;
}

function isOfAlice({ from, to }: LogMessage): boolean {
  return to !== "" && (from === "alice" || to === "alice");
}

const peers = (messages: readonly LogMessage[]) => messages.map(({ from, to }) => conversationOf(from, to));

/** Steps of at most so many conversations. */
const stepsOf = (size: number) => ({
  next: (_limit: number, left = _limit) => Math.min(size, left),
  took: () => undefined,
});

describe.each([2, 100])(
  "any interleaving of the log and the store between the reads, in steps of %i",
  (step) => {
    const conversationsOver = (
      follower: ConversationsDeps["follower"],
      store: Pick<Store, "conversations" | "findByRef" | "findByIds">,
    ) => {
      const refLookup = new RefLookup(store, () => undefined);
      return new Conversations({ follower, store, refLookup, stepSize: stepsOf(step) });
    };

    it("P56, P57: each conversation is listed once, newest first, as of one position of the log", async () => {
      for (const seed of SEEDS) {
        const model = new ModelLog(seeded(seed));
        const acknowledged = model.end;
        const conversations = conversationsOver(model, model);
        const { messages } = await conversations.readPage(
          "alice",
          { before: undefined, limit: 100 },
          noDeadline(),
        );
        const all = model.log.filter(isOfAlice);
        const known = all.filter(({ id }) => id <= acknowledged);
        expect(peers(messages).toSorted(), `seed ${seed}`).toEqual(
          expect.arrayContaining([...new Set(peers(known))]),
        );
        expect(new Set(peers(messages)).size, `seed ${seed}`).toBe(messages.length);
        expect(messages.map(({ id }) => id)).toEqual(
          messages
            .map(({ id }) => id)
            .toSorted()
            .reverse(),
        );
        for (const last of messages) {
          const later = known.filter(
            (other) =>
              conversationOf(other.from, other.to) === conversationOf(last.from, last.to) &&
              other.id > last.id &&
              !isRepeated(other, model.log),
          );
          expect(later, `seed ${seed}`).toEqual([]);
        }
      }
    });

    it("P57: without further changes, pages of any size add up to the whole list", async () => {
      for (const seed of SEEDS) {
        const model = new ModelLog(seeded(seed));
        const conversations = conversationsOver(model, model);
        model.freeze();
        const whole = newestOfEach(model.visible().filter(isOfAlice));
        for (const limit of [1, 2, 3, 50])
          expect(
            (await allPages(conversations, limit)).map(({ id }) => id),
            `seed ${seed}, limit ${limit}`,
          ).toEqual(whole.map(({ id }) => id));
      }
    });
  },
);

/** True if another message has the same ref and content. The store keeps only the one that is inserted first. */
function isRepeated(message: LogMessage, log: readonly LogMessage[]): boolean {
  if (message.ref === undefined) return false;
  return log.some(
    (other) =>
      other.id !== message.id && refKey(other) === refKey(message) && other.content === message.content,
  );
}

function conversationsOver(
  follower: ConversationsDeps["follower"],
  store: Pick<Store, "conversations" | "findByRef" | "findByIds">,
): Conversations {
  return new Conversations({ follower, store, refLookup: new RefLookup(store, () => undefined) });
}

/**
 * Conversations over scripted snapshots and a scripted store. The store returns `rows` as its page of conversations,
 * and finds the messages in `held` by their refs.
 */
function scripted(
  snapshots: readonly { since?: number; messages: readonly LogEntry[]; position: number }[],
  { rows = [] as LogMessage[], next = undefined as string | undefined, held = [] as LogMessage[] } = {},
) {
  let at = 0;
  const lookups: LogMessage[][] = [];
  const follower = {
    async snapshot(): Promise<TailSnapshot> {
      const script = snapshots[Math.min(at++, snapshots.length - 1)];
      if (!script) throw new Error("no snapshot");
      const { since = 0, messages, position } = script;
      const recent = new RecentMessages(since ? idAt(since) : ORIGIN);
      recent.add(messages);
      return {
        position: idAt(position),
        since: recent.since,
        pending: recent.viewMessages(),
        changes: recent.viewChanges(),
        refs: recent.refs,
      };
    },
  };
  const store = {
    conversations: async () => ({ messages: rows, next }),
    findByIds: async () => new Map<string, LogMessage>(),
    async findByRef(messages: readonly LogMessage[]) {
      lookups.push([...messages]);
      const keys = new Set(messages.map(refKey));
      return held.filter((kept) => keys.has(refKey(kept)));
    },
  };
  return { conversations: conversationsOver(follower, store), lookups, snapshotCount: () => at };
}

const ids = (page: LastMessages) => page.messages.map(({ id }) => Number(id.split("-")[1]));
const all = { before: undefined, limit: 10 };

describe("a page of conversations", () => {
  it("L19: a message that leaves the tail while the store is read is in the answer", async () => {
    const { conversations } = scripted([
      { messages: [message(1, { to: "carol" })], position: 1 },
      { since: 1, messages: [message(2)], position: 2 },
    ]);
    expect(ids(await conversations.readPage("alice", all, noDeadline()))).toEqual([2, 1]);
  });

  it("L30: a change that is stored and leaves the tail while the list is read is in the answer", async () => {
    const first = { messages: [edit(4, message(1))], position: 4 };
    for (const rows of [[message(1)], [{ ...message(1), content: "edited at 4", change: idAt(4) }]]) {
      const { conversations } = scripted([first, { since: 4, messages: [], position: 5 }], { rows });
      const { messages } = await conversations.readPage("alice", all, noDeadline());
      expect(messages).toMatchObject([{ content: "edited at 4", change: idAt(4) }]);
    }
  });

  it("L19: a row that moves on during the read belongs to the second snapshot's position", async () => {
    const rows = [message(9)];
    const first = { messages: [message(3, { to: "carol" })], position: 3 };
    const second = { messages: [message(3, { to: "carol" }), message(8, { to: "dave" })], position: 9 };
    const { conversations } = scripted([first, second], { rows });
    expect(ids(await conversations.readPage("alice", all, noDeadline()))).toEqual([9, 8, 3]);
  });

  it("P56: if the snapshots don't overlap, the read is repeated, and fails after three attempts", async () => {
    const slipping = { since: 5, messages: [], position: 4 };
    const { conversations, snapshotCount } = scripted([slipping]);
    await expect(conversations.readPage("alice", all, noDeadline())).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(snapshotCount()).toBe(6);
  });

  it("G2: a duplicate of a stored message isn't the last message, however often it is repeated", async () => {
    const stored = message(1, { ref: "r0", content: "once" });
    const held = Array.from({ length: 40 }, (_, n) => message(1 + n, { ref: `r${n}`, content: "once" }));
    const repeated = held.map(({ ref }, n) => message(101 + n, { ref: ref ?? "", content: "once" }));
    const messages = [message(99, { ref: "new" }), ...repeated];
    const { conversations, lookups } = scripted([{ messages, position: 200 }], { rows: [stored], held });
    expect(ids(await conversations.readPage("alice", all, noDeadline()))).toEqual([99]);
    expect(lookups.length).toBeLessThan(8);
  });

  it("P57: refs of messages at or before a row aren't looked up", async () => {
    const kept = Array.from({ length: 5 }, (_, n) => message(1 + n, { to: `peer${n}`, ref: `r${n}` }));
    const { conversations, lookups } = scripted([{ messages: kept, position: 5 }], {
      rows: kept.toReversed(),
    });
    expect(ids(await conversations.readPage("alice", all, noDeadline()))).toEqual([5, 4, 3, 2, 1]);
    expect(lookups).toEqual([]);
  });

  it("P57: a conversation that has moved on to `before` or later isn't on an older page", async () => {
    const rows = [message(4), message(2, { to: "carol" })];
    const messages = [message(8), message(9, { to: "dave", ref: "r" })];
    const { conversations, lookups } = scripted([{ messages, position: 9 }], { rows });
    expect(ids(await conversations.readPage("alice", { before: idAt(7), limit: 10 }, noDeadline()))).toEqual([
      2,
    ]);
    expect(lookups).toEqual([]);
  });
});
