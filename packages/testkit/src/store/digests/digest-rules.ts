import { contentDigest, type StoredMessage } from "@parley/models";
import { expect, it } from "vitest";
import { deletionOf, editOf } from "../changes/changes.ts";
import { STORED } from "../collisions.ts";
import { idAt, messageAt } from "../messages.ts";
import { everything, type OpenStore } from "../opening.ts";

const CONVERSATION = "alice:bob";
const first = messageAt(1, { to: "bob", ref: "r1", meta: '{"a":1}' });
const bare = messageAt(2, { to: "bob" });

/** Store contract: messages that were changed after they were stored (L29). */
export function digestRules(open: OpenStore): void {
  /** Opens a store with messages, some of which are edited, and some of those deleted afterwards. */
  async function openChanged(
    messages: readonly (typeof first)[],
    edited: Readonly<Record<string, string>>,
    deleted: readonly string[] = [],
  ) {
    const store = await open();
    expect(await store.insert(messages)).toEqual(messages.map(() => STORED));
    const edits = messages.flatMap((message, n) => {
      const content = edited[message.id];
      return content === undefined ? [] : [editOf(message, 20 + n, { content })];
    });
    const deletions = messages
      .filter(({ id }) => deleted.includes(id))
      .map((message, n) => deletionOf(message, 30 + n));
    const changes = [...edits, ...deletions];
    expect(await store.change(changes, { watermark: idAt(19) })).toEqual(changes.map(() => STORED));
    return store;
  }

  it("L29: an edited message is read with the digest of its first content", async () => {
    const store = await openChanged([first, bare], { [first.id]: "edited" });
    const { meta: _, ...rest } = first;
    const expected = [
      { ...rest, content: "edited", change: idAt(20), digest: contentDigest(first) },
      { ...bare, digest: contentDigest(bare) },
    ];
    expect(await everything(store, CONVERSATION)).toEqual(expected);
    expect(await store.sync("bob", { limit: 9 })).toEqual(expected);
    expect(await store.findByRef([{ ...first, id: idAt(9) }])).toEqual(expected.slice(0, 1));
  });

  it.each([
    { what: "edited", deleted: [] },
    { what: "deleted", deleted: [first.id, bare.id] },
  ])(
    "L29: a redelivered message that was $what since is judged by what was first stored",
    async ({ deleted }) => {
      const store = await openChanged([first, bare], { [first.id]: "edited", [bare.id]: "edited" }, deleted);
      const before = await everything(store, CONVERSATION);
      for (const mayBeStored of [false, true]) {
        expect(await store.insert([first, bare], { mayBeStored })).toEqual([STORED, STORED]);
        for (const content of ["edited", ""])
          expect(await store.insert([{ ...bare, content }], { mayBeStored })).toEqual([
            { kind: "idConflict" },
          ]);
        const { meta: _, ...withoutMeta } = first;
        expect(await store.insert([{ ...withoutMeta, id: idAt(9) }], { mayBeStored })).toEqual([
          { kind: "refReused", id: first.id },
        ]);
      }
      expect(await everything(store, CONVERSATION)).toEqual(before);
    },
  );

  it("L29: a repeated ref is judged by what was first stored under it", async () => {
    for (const deleted of [[], [first.id]]) {
      const store = await openChanged([first], { [first.id]: "edited" }, deleted);
      const again = { ...first, id: idAt(9) };
      expect(await store.insert([again, { ...again, id: idAt(10), content: "edited" }])).toEqual([
        { kind: "duplicateOf", id: first.id },
        { kind: "refReused", id: first.id },
      ]);
    }
  });

  it("L13, L29: a message stored without its ref stays stored when the ref's holder gets the same content", async () => {
    const holder = { ...first, id: idAt(0), content: "other" };
    const { ref: _, ...withoutRef } = first;
    const store = await openChanged([holder, withoutRef], { [holder.id]: first.content });
    expect(await store.insert([first])).toEqual([STORED]);
  });

  it("P71: a page without contents has the same messages, each with the digest of what was first stored", async () => {
    const plain = messageAt(3, { from: "bob", to: "alice", meta: '{"b":2}' });
    const stored = [first, bare, plain, messageAt(4, { to: "bob" })];
    const store = await openChanged(stored, { [first.id]: "edited", [bare.id]: "edited" }, [bare.id]);
    await store.insert([{ ...first, id: idAt(9) }], { keepAliases: true });
    const whole: StoredMessage[] = await everything(store, CONVERSATION);
    expect(whole.map(({ also, change, deleted }) => [also, change, deleted])).toEqual([
      [idAt(9), idAt(20), undefined],
      [undefined, idAt(30), true],
      [undefined, undefined, undefined],
      [undefined, undefined, undefined],
    ]);
    const withoutContent = whole.map(({ meta: _, ...message }) => ({ ...message, content: "" }));
    const bounds = { after: idAt(1), before: idAt(4) };
    for (const range of [{}, bounds, { after: idAt(2) }, { before: idAt(3) }]) {
      const { after, before } = { after: "", before: "~", ...range };
      const within = withoutContent.filter(({ id }) => id > after && id < before);
      for (const limit of [1, 2, 9]) {
        const size = { ...range, limit, withoutContent: true };
        const [oldest, newest] = [within.slice(0, limit), within.slice(-limit)];
        expect(await store.page(CONVERSATION, { ...size, newest: false })).toEqual(oldest);
        expect(await store.page(CONVERSATION, { ...size, newest: true })).toEqual(newest);
      }
    }
  });

  it("G5: contents that aren't read don't count against maxBytes", async () => {
    const store = await open();
    await store.insert(Array.from({ length: 40 }, (_, n) => messageAt(n, { content: "x".repeat(4_000) })));
    const size = { limit: 30, maxBytes: 20_000 };
    for (const newest of [true, false]) {
      expect(await store.page("public", { ...size, newest })).toHaveLength(3);
      expect(await store.page("public", { ...size, newest, withoutContent: true })).toHaveLength(30);
    }
  });
}
