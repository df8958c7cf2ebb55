import {
  contentDigest,
  type LogChange,
  type LogEntry,
  type LogMessage,
  ORIGIN,
  type StoredMessage,
} from "@parley/models";
import { describe, expect, it } from "vitest";
import { RecentMessages } from "../log-tail/recent-messages.ts";
import { ModelLog, seeded } from "../test/model-log.ts";
import { noDeadline } from "../test/no-deadline.ts";
import { assertPresent } from "../test/present.ts";
import { edit, idAt, message } from "../test/scripted-tail.ts";
import { Conversations } from "./conversations.ts";
import { History } from "./history.ts";
import { PresentContent } from "./present-content.ts";
import { RefLookup } from "./ref-lookup.ts";

const SEEDS = Array.from({ length: 150 }, (_, index) => index + 1);
const WHOLE = { after: undefined, before: undefined };

function deletion(seq: number, of: LogMessage): LogChange {
  const { id, from, to } = of;
  return { kind: "delete", change: idAt(seq), from, to, id, digest: contentDigest(of) };
}

describe("any interleaving of the log, the persisters and the reads", () => {
  it("L30, P76: no answer shows a message as it was before the request", async () => {
    let changed = 0;
    for (const seed of SEEDS) {
      const model = new ModelLog(seeded(seed));
      const observe = () => undefined;
      const refLookup = new RefLookup(model, observe);
      const history = new History({ follower: model, store: model, refLookup, observe });
      const conversations = new Conversations({ follower: model, store: model, refLookup });
      const check = (name: string, end: string, messages: readonly StoredMessage[]) => {
        for (const shown of messages) changed += assertPresent(shown, model, end, `${name}, seed ${seed}`);
      };
      for (let read = 0; read < 4; read += 1) {
        let { end } = model;
        const page = { ...WHOLE, limit: 1 + (seed % 9), newest: read % 2 === 0 };
        check("page", end, (await history.readPage("alice", "", page, noDeadline())).messages);
        const reader = await history.openConversation("alice", "bob", WHOLE, noDeadline());
        while (!reader.isDone) check("conversation", end, await reader.next(noDeadline()));
        ({ end } = model);
        const after = idAt(Math.max(0, model.log.length - 10 * read));
        check("sync", end, (await history.sync("alice", after, 20, noDeadline())).messages);
        ({ end } = model);
        const list = { before: undefined, limit: 10 };
        check("list", end, (await conversations.readPage("alice", list, noDeadline())).messages);
        ({ end } = model);
        const id = model.log.at(-1 - 2 * read)?.id ?? ORIGIN;
        const found = await history.readMessage("alice", id, noDeadline());
        check("message", end, found ? [found] : []);
      }
    }
    expect(changed).toBeGreaterThan(2_000);
  });
});

/** Applies what is pending to messages. `held` are the messages that the store finds by these ids. */
async function presentOf(
  messages: readonly StoredMessage[],
  tail: readonly LogEntry[],
  held: ReadonlyMap<string, StoredMessage> = new Map(),
) {
  const recent = new RecentMessages(ORIGIN);
  recent.add(tail);
  const asked: string[][] = [];
  const store = {
    async findByIds(ids: readonly string[]) {
      asked.push([...ids]);
      return held;
    },
  };
  const snapshot = { pending: recent.viewMessages(), changes: recent.viewChanges(), refs: recent.refs };
  const present = new PresentContent({ tails: [snapshot], store, deadline: noDeadline() });
  return { shown: await present.of(messages), asked };
}

describe("pending changes", () => {
  const first = message(1, { ref: "r", meta: '{"a":1}' });
  const stored = { ...first, digest: contentDigest(first) };

  it("L30: apply to stored and pending messages, and to no others", async () => {
    const pending = message(3);
    const tail = [pending, edit(4, first), edit(5, pending), edit(6, message(2))];
    const { shown } = await presentOf([stored, pending], tail);
    expect(shown).toEqual([
      {
        id: first.id,
        from: "alice",
        to: "bob",
        ref: "r",
        digest: stored.digest,
        content: "edited at 4",
        change: idAt(4),
      },
      { ...pending, digest: contentDigest(pending), content: "edited at 5", change: idAt(5) },
    ]);
  });

  it("L30: content that is stored may be newer than the answer's position, and stays", async () => {
    const newer = { ...stored, content: "edited at 9", change: idAt(9) };
    expect((await presentOf([newer], [edit(4, first)])).shown).toEqual([newer]);
  });

  it("P76: a pending deletion is final, also if a later edit was stored before it", async () => {
    const newer = { ...stored, content: "edited at 9", change: idAt(9) };
    const { shown } = await presentOf([newer], [deletion(8, first), edit(9, first)]);
    expect(shown).toEqual([
      {
        id: first.id,
        from: "alice",
        to: "bob",
        ref: "r",
        digest: stored.digest,
        content: "",
        change: idAt(8),
        deleted: true,
      },
    ]);
  });

  it("L28: a change of a message of another log, with the same id, has no effect", async () => {
    const other = { ...first, content: "of an earlier log" };
    expect((await presentOf([stored], [edit(4, other), edit(5, { ...first, from: "carol" })])).shown).toEqual(
      [stored],
    );
  });

  it("L37: a change that names a repeated message applies to the first one, which stands for it", async () => {
    const again = { ...first, id: idAt(2) };
    const shown = { ...stored, also: idAt(7) };
    const edited = { content: "edited at 8", change: idAt(8) };
    // The later message is pending; it is the latest alias; it is another alias, of which the store knows.
    for (const tail of [[again, edit(8, again)], [edit(8, { ...first, id: idAt(7) })], [edit(8, again)]]) {
      const result = await presentOf([shown], tail, new Map([[again.id, stored]]));
      expect(result.shown).toMatchObject([edited]);
    }
    // The first message is pending, and named by no alias: the last one with the ref is after the answer's position.
    const later = { ...first, id: idAt(9) };
    expect((await presentOf([first], [first, again, edit(8, again), later])).shown).toMatchObject([edited]);
    // A message that is pending alone isn't asked for, and neither is one whose ref was used once.
    const { asked } = await presentOf(
      [shown, stored],
      [again, edit(8, again), edit(9, { ...first, id: idAt(3), ref: "s" })],
    );
    expect(asked).toEqual([[idAt(3)]]);
    expect((await presentOf([stored], [edit(9, { ...first, id: idAt(3) })])).asked).toEqual([]);
  });

  it("G2: a change of a message with the same text isn't one of this message", async () => {
    const another = { ...first, id: idAt(2), ref: "s" };
    for (const shown of [stored, { ...stored, also: idAt(7) }])
      expect((await presentOf([shown], [another, edit(8, another)])).shown).toMatchObject([
        { content: first.content },
      ]);
  });
});
