import { contentDigest, type LogMessage, laterOf } from "@parley/models";
import type { Store } from "@parley/store";
import { expect, it } from "vitest";
import { randomFrom } from "../random.ts";
import { idAt, messageAt } from "./messages.ts";
import type { OpenStore } from "./opening.ts";

const ofAlice = { user: "alice", with: "bob" };
const ofBob = { user: "bob", with: "alice" };
const fromAlice = (n: number, more: Partial<LogMessage> = {}) => messageAt(n, { to: "bob", ...more });
const fromBob = (n: number) => messageAt(n, { from: "bob", to: "alice" });
/** Returns how far both users have read. */
const readBy = (store: Store) => store.marks.find([ofAlice, ofBob]);

/** Store contract: whoever sends a message has read up to it. */
export function sentRules(open: OpenStore): void {
  it("P71: each user has read up to their own last message, also once the other one has answered", async () => {
    const store = await open();
    await store.insert([fromBob(1)]);
    expect(await readBy(store)).toEqual([undefined, idAt(1)]);
    await store.insert([fromAlice(2), fromAlice(3)]);
    expect(await readBy(store)).toEqual([idAt(3), idAt(1)]);
    await store.insert([fromBob(4), fromAlice(5), fromBob(6)]);
    expect(await readBy(store)).toEqual([idAt(5), idAt(6)]);
  });

  it("P71: the greater of the mark and the message counts", async () => {
    const store = await open();
    await store.insert([fromBob(2), fromAlice(4)]);
    await store.marks.keep([
      { ...ofAlice, id: idAt(3) },
      { ...ofBob, id: idAt(3) },
    ]);
    expect(await readBy(store)).toEqual([idAt(4), idAt(3)]);
    await store.insert([fromBob(5)]);
    expect(await readBy(store)).toEqual([idAt(4), idAt(5)]);
  });

  it("P71: messages to others, to oneself and to the public room count for nobody else", async () => {
    const store = await open();
    const names = [
      { user: "a.b", with: "a" },
      { user: "a", with: "a.b" },
      { user: "a", with: "a" },
      { user: "a", with: "\u{10400}" },
      { user: "\u{10400}", with: "a" },
      { user: "\u{10400}", with: "\uff41" },
      { user: "\uff41", with: "\u{10400}" },
    ];
    await store.insert(names.map(({ user, with: to }, n) => messageAt(n + 1, { from: user, to })));
    await store.insert([messageAt(20, { from: "a" }), messageAt(21, { from: "a", to: "c" })]);
    expect(await store.marks.find(names)).toEqual(names.map((_, n) => idAt(n + 1)));
    expect(await store.marks.find([{ user: "a", with: "" }])).toEqual([undefined]);
  });

  it("P58, P71: a repeated message counts with its later id if the sender has that id", async () => {
    for (const keepAliases of [true, false]) {
      const store = await open();
      const first = fromAlice(1, { ref: "r", content: "once" });
      await store.insert([first, fromBob(2)]);
      const repeated = [
        { ...first, id: idAt(3) },
        { ...first, id: idAt(4), content: "another" },
      ];
      await store.insert(repeated, { keepAliases });
      expect(await readBy(store)).toEqual([keepAliases ? idAt(3) : idAt(1), idAt(2)]);
      expect((await store.conversations("bob", { limit: 9 })).messages).toMatchObject([{ id: idAt(2) }]);
    }
  });

  it("P71: a message counts after it was edited or deleted, and the change has no id that counts", async () => {
    const store = await open();
    const message = fromAlice(2);
    await store.insert([fromBob(1), message]);
    const change = { from: "alice", to: "bob", id: idAt(2), digest: contentDigest(message) };
    await store.change(
      [
        { kind: "edit", change: idAt(3), ...change, content: "edited" },
        { kind: "delete", change: idAt(4), ...change },
      ],
      { watermark: idAt(2) },
    );
    expect(await readBy(store)).toEqual([idAt(2), idAt(1)]);
  });

  it("L27, P71: nothing goes back, whatever is stored, marked, repeated and stored by two persisters at once", async () => {
    for (let seed = 1; seed <= 3; seed += 1) await expectNeverBack(await open(), randomFrom(seed));
  });
}

/** Two persisters store one log in parts, in any order and some twice, while a reader asks how far both users have read. */
async function expectNeverBack(store: Store, random: () => number): Promise<void> {
  const log = Array.from({ length: 60 }, (_, n) => (random() < 0.5 ? fromAlice : fromBob)(n + 1));
  const marked = [ofAlice, ofBob].map((name) => ({ ...name, id: idAt(1 + Math.floor(random() * 60)) }));
  let told = ["", ""];
  const ask = async () => {
    const found = (await readBy(store)).map((id = "") => id);
    found.forEach((id, at) => {
      expect(id >= (told[at] ?? ""), `${id} after ${told[at]}`).toBe(true);
    });
    told = found;
  };
  const persist = async () => {
    const order = [...log, ...log.slice(0, 20)].sort(() => random() - 0.5);
    for (let from = 0; from < order.length; from += 8) await store.insert(order.slice(from, from + 8));
    await store.marks.keep(marked);
  };
  let isDone = false;
  const persisters = Promise.all([persist(), persist()]).finally(() => {
    isDone = true;
  });
  const reader = (async () => {
    while (!isDone) await ask();
  })();
  await Promise.all([persisters, reader]);
  await ask();
  const expected = marked.map(({ user, id }) =>
    laterOf(log.findLast(({ from }) => from === user)?.id ?? "", id),
  );
  expect(told).toEqual(expected);
}
