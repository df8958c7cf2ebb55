import { contentDigest, type LogChange, type LogMessage, ORIGIN, type StoredMessage } from "@parley/models";
import { describe, expect, it } from "vitest";
import { STORED } from "../collisions.ts";
import { idAt, messageAt, messagesAt } from "../messages.ts";
import { everything, newPlace, type OpenStore } from "../opening.ts";
import { deletionOf, editOf } from "./changes.ts";

const CONVERSATION = "alice:bob";
const message = messageAt(1, { to: "bob", ref: "r", meta: '{"v":0}' });
const { meta: _, ...withoutMeta } = message;
const digest = contentDigest(message);
/** Everything that the tests insert lies before it. */
const watermark = idAt(9);
const ORPHAN = { kind: "orphan", reason: expect.any(String) };
const NOT_YET = { kind: "notYet" };

interface Order {
  readonly rule: string;
  /** Changes of a message, whose ids are from this number on. */
  readonly changes: (of: LogMessage, from: number) => readonly LogChange[];
  /** What they leave of the message. */
  readonly shown: (from: number) => Partial<StoredMessage>;
}

/** The effects of changes in every order: the last one in the list is the one that counts. */
const ORDERS: readonly Order[] = [
  {
    rule: "of two edits the later one counts, with all that it says",
    changes: (of, from) => [editOf(of, from, { meta: '{"v":1}' }), editOf(of, from + 1, { content: "last" })],
    shown: (from) => ({ content: "last", change: idAt(from + 1) }),
  },
  {
    rule: "an edit after a delete has no effect",
    changes: (of, from) => [editOf(of, from), deletionOf(of, from + 1), editOf(of, from + 2, { meta: "{}" })],
    shown: (from) => ({ content: "", deleted: true, change: idAt(from + 1) }),
  },
  {
    rule: "the first of several deletes counts",
    changes: (of, from) => [
      deletionOf(of, from, { by: "mod" }),
      editOf(of, from + 1),
      deletionOf(of, from + 2),
    ],
    shown: (from) => ({ content: "", deleted: true, change: idAt(from) }),
  },
];

/** Store contract: the effect of changes on messages, and their outcomes. */
export function applyRules(open: OpenStore): void {
  it("P75: every read shows the present content and meta, the last change, and what doesn't change", async () => {
    const place = newPlace();
    const store = await open(place);
    await store.insert([message, { ...message, id: idAt(2) }], { keepAliases: true });
    const kept = { ...withoutMeta, digest, also: idAt(2) };
    const edited = { ...kept, content: "new", meta: '{"v":1}', change: idAt(20) };
    const deleted = { ...kept, content: "", deleted: true, change: idAt(21) };
    const edit = editOf(message, 20, { content: "new", meta: '{"v":1}' });
    for (const [change, shown] of [
      [edit, edited],
      [deletionOf(message, 21), deleted],
    ] as const) {
      expect(await store.change([change], { watermark })).toEqual([STORED]);
      expect(await everything(store, CONVERSATION)).toEqual([shown]);
      expect(await store.page(CONVERSATION, { limit: 1, newest: true })).toEqual([shown]);
      expect(await store.sync("bob", { limit: 9 })).toEqual([shown]);
      expect((await store.conversations("alice", { limit: 9 })).messages).toEqual([shown]);
      expect(await store.findByRef([message])).toEqual([shown]);
      expect(await store.findById(message.id)).toEqual(shown);
    }
    await store.close();
    expect(await (await open(place)).findById(message.id)).toEqual(deleted);
  });

  it.each(ORDERS)("P76: $rule, in every order and together", async ({ changes, shown }) => {
    const [one, all] = [await open(), await open()];
    for (const [n, places] of permutationsOf([0, 1, 2]).entries()) {
      const [of, from] = [{ ...message, id: idAt(n), ref: `r${n}` }, 20 + 10 * n];
      const inOrder = changes(of, from);
      const order = places.flatMap((place) => inOrder[place] ?? []);
      for (const store of [one, all]) await store.insert([of]);
      for (const change of order) expect(await one.change([change], { watermark })).toEqual([STORED]);
      expect(await all.change(order, { watermark })).toEqual(order.map(() => STORED));
      // Delivered again, in the order of the log and in this one.
      for (const again of [inOrder, order])
        expect(await one.change(again, { watermark })).toEqual(again.map(() => STORED));
      const { meta: __, ...expected } = { ...of, digest, ...shown(from) };
      for (const store of [one, all]) expect(await store.findById(of.id)).toEqual(expected);
    }
  });

  it("L28: a change comes again until its message is stored, unless the watermark has passed the message", async () => {
    const store = await open();
    const [edit, early] = [editOf(message, 20), editOf(messageAt(2), 21)];
    for (const before of [ORIGIN, idAt(0)])
      expect(await store.change([edit], { watermark: before })).toEqual([NOT_YET]);
    expect(await store.change([edit, early], { watermark: message.id })).toEqual([ORPHAN, NOT_YET]);
    expect(await store.change([edit], { watermark })).toEqual([ORPHAN]);
    await store.insert([message, messageAt(2)]);
    expect(await store.change([edit, early], { watermark: idAt(0) })).toEqual([STORED, STORED]);
    expect(await store.findById(message.id)).toMatchObject({ content: "edit 20" });
  });

  it.each([
    { rule: "sender", change: editOf({ ...message, from: "bob", to: "alice" }, 20) },
    { rule: "recipient", change: editOf({ ...message, to: "carol" }, 20) },
    { rule: "first content", change: deletionOf({ ...message, content: "other" }, 20) },
    { rule: "first meta", change: deletionOf(withoutMeta, 20) },
  ])(
    "L28: a change of a message with another $rule is an orphan, whatever the watermark",
    async ({ change }) => {
      const store = await open();
      await store.insert([message]);
      for (const each of [ORIGIN, watermark])
        expect(await store.change([change], { watermark: each })).toEqual([ORPHAN]);
      expect(await store.findById(message.id)).toEqual({ ...message, digest });
    },
  );

  it("L28: today's content isn't compared: a change of an edited message names what it first was", async () => {
    const store = await open();
    await store.insert([message]);
    await store.change([editOf(message, 20, { content: "other" })], { watermark });
    const other = { ...message, content: "other" };
    expect(await store.change([editOf(other, 21), editOf(message, 22)], { watermark })).toEqual([
      ORPHAN,
      STORED,
    ]);
  });

  it("L28, L37: a change of an alias is one of the first message, also if the message is changed as well", async () => {
    const store = await open();
    const alias = { ...message, id: idAt(5) };
    expect(await store.change([editOf(alias, 20)], { watermark: idAt(4) })).toEqual([NOT_YET]);
    await store.insert([message, alias], { keepAliases: true });
    const changes = [editOf(message, 19), editOf(alias, 20), deletionOf(messageAt(6), 21)];
    expect(await store.change(changes, { watermark })).toEqual([STORED, STORED, ORPHAN]);
    expect(await store.findById(alias.id)).toMatchObject({
      id: message.id,
      content: "edit 20",
      change: idAt(20),
    });
    // An id that became an alias of a message with a greater id, stored by another persister.
    const later = messageAt(30, { ref: "s" });
    await store.insert([later, { ...later, id: idAt(8) }], { keepAliases: true });
    expect(await store.change([deletionOf({ ...later, id: idAt(8) }, 25)], { watermark: idAt(40) })).toEqual([
      STORED,
    ]);
    expect(await store.findById(later.id)).toMatchObject({ deleted: true });
  });

  it("L28: another change under the same id is an orphan, and the first one counts", async () => {
    const store = await open();
    await store.insert([message, messageAt(2)]);
    const [edit, other] = [editOf(message, 20), editOf(messageAt(2), 20)];
    expect(await store.change([edit], { watermark })).toEqual([STORED]);
    for (const change of [other, deletionOf(message, 20), { ...edit, ref: "s" }])
      expect(await store.change([change], { watermark })).toEqual([ORPHAN]);
    expect(await store.findById(message.id)).toMatchObject({ content: "edit 20" });
    expect(await store.findById(idAt(2))).not.toHaveProperty("change");
  });

  it("L28: an invalid change fails without affecting others, and the reason contains none of its text", async () => {
    const store = await open();
    await store.insert([message]);
    const edit = editOf(message, 20);
    const outcomes = await store.change(
      [
        { ...edit, change: "secret" },
        editOf({ ...message, id: "secret" }, 21),
        editOf(message, 1, { content: "secret" }),
        editOf(message, 22, { content: "secret \ud800" }),
        editOf(message, 23, { content: "secret".repeat(1_000_000) }),
        edit,
      ],
      { watermark },
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual([...Array(5).fill("failed"), "stored"]);
    expect(JSON.stringify(outcomes)).not.toContain("secret");
    expect(await store.change([], { watermark })).toEqual([]);
  });

  it("L1: the ids of changes count for lastId, of orphans too", async () => {
    const store = await open();
    await store.insert([message]);
    await store.change([editOf(message, 20)], { watermark });
    expect(await store.lastId()).toBe(idAt(20));
    await store.change([editOf(messageAt(3), 30)], { watermark });
    expect(await store.lastId()).toBe(idAt(30));
  });

  describe("many changes", () => {
    const messages = messagesAt(0, 40, { to: "bob" });
    const at = idAt(39);
    const changes = messages.flatMap((each, n) => [
      editOf(each, 400 + 2 * n),
      n % 3 ? editOf(each, 401 + 2 * n, { meta: '{"n":1}' }) : deletionOf(each, 401 + 2 * n),
    ]);

    it("P76: several callers with the same changes in other orders leave each message as its last change says", async () => {
      const store = await open();
      await store.insert(messages);
      const orders = Array.from({ length: 3 }, (__, turn) => [
        ...changes.slice(turn * 24),
        ...changes.slice(0, turn * 24),
      ]);
      const outcomes = await Promise.all(orders.map((order) => store.change(order, { watermark: at })));
      expect(outcomes.flat().filter(({ kind }) => kind !== "stored")).toEqual([]);
      const expected = messages.map((each, n) => ({
        ...each,
        digest: contentDigest(each),
        change: idAt(401 + 2 * n),
        ...(n % 3 ? { content: `edit ${401 + 2 * n}`, meta: '{"n":1}' } : { content: "", deleted: true }),
      }));
      expect(await everything(store, CONVERSATION)).toEqual(expected);
    });
  });

  it("P12, P72: content and meta are text that is returned unchanged", async () => {
    const store = await open();
    const texts = [
      "a\u0000b",
      "👩‍👩‍👧‍👦",
      "$set",
      '{"$ne":1}',
      "'; DROP TABLE messages; --",
      "€".repeat(2_730),
    ];
    const meta = '{ "n" : 1.0e+2, "$set":{"a.b":[]}, "n": "\\u0000" }';
    const messages = texts.map((content, n) => messageAt(n, { content, meta }));
    await store.insert(messages);
    expect(await everything(store, "public")).toEqual(
      messages.map((each) => ({ ...each, digest: contentDigest(each) })),
    );
    const edits = messages.map((each, n) => editOf(each, 20 + n, { content: `${each.content}!`, meta }));
    await store.change(edits, { watermark });
    expect(await everything(store, "public")).toEqual(
      messages.map((each, n) => ({
        ...each,
        content: `${each.content}!`,
        change: idAt(20 + n),
        digest: contentDigest(each),
      })),
    );
  });
}

function permutationsOf<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, n) => permutationsOf(items.toSpliced(n, 1)).map((rest) => [item, ...rest]));
}
