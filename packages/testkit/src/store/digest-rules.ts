import { contentDigest, type LogMessage } from "@parley/models";
import { expect, it, onTestFinished } from "vitest";
import { STORED } from "./collisions.ts";
import { idAt, messageAt } from "./messages.ts";
import { everything, newPlace, type OpenAt } from "./opening.ts";

/** Changes the content of a stored message, and not its digest. No store is open at the place. */
export type EditAt = (place: string, id: string, content: string) => Promise<void>;

const CONVERSATION = "alice:bob";
const first = messageAt(1, { to: "bob", ref: "r1" });
const bare = messageAt(2, { to: "bob" });

/** Store contract: messages whose content was changed after they were stored (L29). */
export function digestRules(openAt: OpenAt, edit: EditAt): void {
  /** Opens a store with messages whose contents are `edited` today. */
  async function openEdited(messages: readonly LogMessage[], edited: Readonly<Record<string, string>>) {
    const place = newPlace();
    const before = openAt(place);
    await before.prepare();
    expect(await before.insert(messages)).toEqual(messages.map(() => STORED));
    await before.close();
    for (const [id, content] of Object.entries(edited)) await edit(place, id, content);
    const store = openAt(place);
    onTestFinished(() => store.close());
    await store.prepare();
    return store;
  }

  it("L29: an edited message is read with the digest of its first content", async () => {
    const store = await openEdited([first, bare], { [first.id]: "edited" });
    const expected = [
      { ...first, content: "edited", digest: contentDigest(first) },
      { ...bare, digest: contentDigest(bare) },
    ];
    expect(await everything(store, CONVERSATION)).toEqual(expected);
    expect(await store.sync("bob", { limit: 9 })).toEqual(expected);
    expect(await store.findByRef([{ ...first, id: idAt(9) }])).toEqual(expected.slice(0, 1));
  });

  it("L29: a redelivered message is judged by what was first stored, not by today's content", async () => {
    const store = await openEdited([first, bare], { [first.id]: "edited", [bare.id]: "edited" });
    for (const mayBeStored of [false, true]) {
      expect(await store.insert([first, bare], { mayBeStored })).toEqual([STORED, STORED]);
      expect(await store.insert([{ ...bare, content: "edited" }], { mayBeStored })).toEqual([
        { kind: "idConflict" },
      ]);
    }
    const contents = (await everything(store, CONVERSATION)).map(({ content }) => content);
    expect(contents).toEqual(["edited", "edited"]);
  });

  it("L29: a repeated ref is judged by what was first stored under it", async () => {
    const store = await openEdited([first], { [first.id]: "edited" });
    const again = { ...first, id: idAt(9) };
    expect(await store.insert([again, { ...again, id: idAt(10), content: "edited" }])).toEqual([
      { kind: "duplicateOf", id: first.id },
      { kind: "refReused", id: first.id },
    ]);
  });

  it("L13, L29: a message stored without its ref stays stored when the ref's holder gets the same content", async () => {
    const holder = { ...first, id: idAt(0), content: "other" };
    const { ref: _, ...withoutRef } = first;
    const store = await openEdited([holder, withoutRef], { [holder.id]: first.content });
    expect(await store.insert([first])).toEqual([STORED]);
  });
}
