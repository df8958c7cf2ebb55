import { conversationOf, laterOf, type StoredMessage } from "@parley/models";
import { expect, it } from "vitest";
import { History } from "../queries/history.ts";
import { RefLookup } from "../queries/ref-lookup.ts";
import { ModelLog, seeded } from "../test/model-log.ts";
import { noDeadline } from "../test/no-deadline.ts";
import { idAt, message } from "../test/scripted-tail.ts";
import { ReadStates, type ReadStatesDeps } from "./read-states.ts";

const NO_MARKS = { keep: async () => [], find: async () => [] };
const tailOf = () => ({ entries: [], length: 0 });

function optionsAt(position: string) {
  const charged: StoredMessage[] = [];
  let turns = 0;
  const options = {
    position,
    deadline: noDeadline(),
    charge: (messages: readonly StoredMessage[]) => void charged.push(...messages),
    giveWay: async () => {
      turns += 1;
    },
  };
  return { options, charged, turns: () => turns };
}

it("L27: a mark that a persister carries to the store during the read is found", async () => {
  const stored = new Map<string, string>();
  const states = new ReadStates({
    marks: {
      find: async ([mark]) => {
        // The persister has stored and removed the mark just before.
        stored.set(`${mark?.user}:${mark?.with}`, idAt(3));
        return [undefined];
      },
    },
    store: {
      marks: {
        keep: async () => [],
        find: async (names) => names.map(({ user, with: other }) => stored.get(`${user}:${other}`)),
      },
    },
    history: { tailOf, readWithoutContent: async () => ({ messages: [], next: undefined }) },
    readReceipts: true,
  });
  const last = message(3, { from: "bob", to: "alice" });
  const listed = [{ with: "bob", last, isCounted: true }];
  const [state] = await states.of("alice", listed, optionsAt(idAt(3)).options);
  expect(state).toMatchObject({ read: idAt(3), unread: 0 });
});

it("L27: a message that a persister carries to the store during the read counts as read by its sender", async () => {
  let pending = [message(1, { from: "bob", to: "alice" }), message(2)];
  const states = new ReadStates({
    marks: { find: async () => [undefined] },
    store: {
      marks: {
        keep: async () => [],
        find: async (names) => {
          // A persister stores both messages right after this read, and the tail drops them.
          pending = [];
          return names.map(() => undefined);
        },
      },
    },
    history: {
      tailOf: () => ({ entries: pending, length: pending.length }),
      readWithoutContent: async () => ({ messages: [], next: undefined }),
    },
    readReceipts: true,
  });
  const listed = [{ with: "bob", last: message(2), isCounted: true }];
  const [state] = await states.of("alice", listed, optionsAt(idAt(2)).options);
  expect(state).toEqual({ read: idAt(2), unread: 0, readBy: idAt(1) });
});

/** What P71 says of a conversation, given all of its messages as a client sees them, and the greatest known id. */
function expectedOf(messages: readonly StoredMessage[], mark: string) {
  const newest = messages.filter(({ id }) => id > mark).slice(-100);
  const sent = newest.findLast(({ from }) => from === "alice");
  const unread = newest.filter(({ id, deleted }) => id > (sent?.id ?? "") && !deleted);
  return { read: sent?.id ?? (mark === "" ? undefined : mark), unread: unread.length };
}

it("P71: the count is exact over stored and pending messages, edited, deleted and sent twice", async () => {
  let counted = 0;
  for (let seed = 1; seed <= 150; seed += 1) {
    const random = seeded(seed);
    const model = new ModelLog(random);
    model.freeze();
    const { position } = await model.snapshot();
    const observe = () => undefined;
    const refLookup = new RefLookup(model, observe);
    const history = new History({ follower: model, store: model, refLookup, observe });
    const peers = ["bob", "carol", ""];
    const marks = peers.map(() => model.log[Math.floor(random() * 2 * model.log.length)]?.id ?? "");
    const stored = peers.map((peer) => (peer === "" ? undefined : model.settledFrom("alice", peer)));
    const states = new ReadStates({
      marks: { find: async () => marks },
      store: { marks: { ...NO_MARKS, find: async () => stored } },
      history,
      readReceipts: false,
    });
    const whole = (peer: string) =>
      model.visible().filter(({ from, to }) => conversationOf(from, to) === conversationOf("alice", peer));
    const listed = peers.map((peer) => ({ with: peer, last: whole(peer).at(-1), isCounted: true }));
    const found = await states.of("alice", listed, optionsAt(position).options);
    for (const [at, peer] of peers.entries()) {
      const part = { after: undefined, before: undefined, limit: 1_000, newest: true };
      const { messages } = await history.readPage("alice", peer, part, noDeadline());
      const { read, unread } = found[at] ?? {};
      const sent = model.log.findLast(({ from, to }) => peer !== "" && from === "alice" && to === peer);
      const mark = laterOf(marks[at] ?? "", sent?.id ?? "");
      expect({ read, unread }, `seed ${seed}, ${peer}`).toEqual(expectedOf(messages, mark));
      counted += unread ?? 0;
    }
  }
  expect(counted).toBeGreaterThan(200);
});

it("G5: the reader is charged for what was read, and others may read after each step", async () => {
  const page = Array.from({ length: 100 }, (_, n) =>
    message(n + 1, { from: "bob", to: "alice", content: "" }),
  );
  const history: ReadStatesDeps["history"] = {
    tailOf,
    readWithoutContent: async (_, __, { limit }) => ({ messages: page.slice(-limit), next: undefined }),
  };
  const deps = { marks: { find: async () => [] }, store: { marks: NO_MARKS }, history, readReceipts: false };
  const { options, charged, turns } = optionsAt(idAt(100));
  const listed = Array.from({ length: 20 }, (_, n) => ({
    ...{ with: `peer-${n}`, last: page.at(-1), isCounted: true },
  }));
  const states = await new ReadStates(deps).of("alice", listed, options);
  expect(states.map(({ unread }) => unread)).toEqual(listed.map(() => 100));
  expect([charged.length, turns()]).toEqual([2_000, 3]);
});
