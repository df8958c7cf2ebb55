import { until } from "@parley/async";
import { type Message, presentMessage } from "@parley/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Observer, observe } from "../rig/sdk-observer.ts";
import { type Deployment, describeSplit, startStandalone } from "../rig/shapes.ts";

/** Returns what a program shows that keeps one message for each id. */
function shownBy(...observers: readonly Pick<Observer, "messages" | "changes">[]): Map<string, Message> {
  const shown = new Map<string, Message>();
  for (const { messages, changes } of observers)
    for (const message of [...messages, ...changes.map(({ message }) => message)])
      shown.set(message.id, presentMessage(shown.get(message.id), message));
  return shown;
}

/** Defines tests of the SDK's edits and deletions. Deployments of either shape must pass them. */
function sdkRules(start: () => Promise<Deployment>) {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await start();
  });
  afterAll(() => deployment?.stop());

  const observed = (user: string, cursor?: string) => observe(deployment, user, { cursor });

  it("P73, P74: a message with meta, its edit and its deletion arrive live, at the sender too", async () => {
    const [alice, bob] = [await observed("alice"), await observed("bob")];
    const { id } = await alice.client.send("bob", "first", { meta: { order: 17 } });
    const heard = await bob.message("first");
    expect(heard).toMatchObject({ id, meta: { order: 17 } });
    const edit = await alice.client.edit(id, "second", { ref: "e1" });
    expect(await alice.client.edit(id, "second", { ref: "e1" })).toEqual(edit);
    const message = { ...heard, content: "second", change: edit.id, edited: true };
    const edited = { type: "edited", change: edit.id, timestamp: edit.timestamp, message };
    for (const { changes } of [alice, bob]) {
      await until(() => changes.length > 0, "the edit");
      expect(changes).toEqual([edited]);
    }
    expect(bob.client.cursor).toBe(edit.id);
    expect(await bob.client.message(id)).toEqual(message);
    const removal = await alice.client.remove(id);
    await until(() => bob.changes.length === 2, "the deletion");
    const { meta: _, edited: __, ...rest } = message;
    const gone = { ...rest, content: "", change: removal.id, deleted: true };
    expect(bob.changes[1]).toEqual({
      type: "deleted",
      change: removal.id,
      timestamp: removal.timestamp,
      message: gone,
    });
    expect(shownBy(bob).get(id)).toEqual(gone);
    expect((await bob.client.history("alice")).messages).toEqual([gone]);
    await expect(alice.client.edit(id, "third")).rejects.toMatchObject({ code: "message_deleted" });
    await expect(bob.client.remove(id)).rejects.toMatchObject({ code: "forbidden" });
    await expect(bob.client.message(id.replace(/^./, "0"))).rejects.toMatchObject({ code: "not_found" });
    for (const { client } of [alice, bob]) client.close();
  });

  it("P75, G3: what was sent, edited and deleted while a client was away arrives, and shows as it does to others", async () => {
    const [carol, dave] = [await observed("carol"), await observed("dave")];
    const ids: string[] = [];
    for (const content of ["one", "two", "three"]) ids.push((await carol.client.send("dave", content)).id);
    const [one = "", two = "", three = ""] = ids;
    await dave.message("three");
    const { cursor } = dave.client;
    dave.client.close();
    await carol.client.edit(one, "one, once more");
    const between = await carol.client.send("dave", "four");
    await carol.client.remove(two);
    await carol.client.edit(one, "one at last");
    await carol.client.edit(between.id, "four at last");
    await until(() => carol.changes.length === 4, "all changes at their sender");
    const back = await observed("dave", cursor);
    const shown = shownBy(dave, back);
    expect(shown).toEqual(shownBy(carol));
    expect(shown.get(one)).toMatchObject({ content: "one at last", edited: true });
    expect(shown.get(two)).toMatchObject({ content: "", deleted: true });
    expect(shown.get(three)).not.toHaveProperty("change");
    // A client that is there receives the same changes as one that was away.
    await until(() => back.changes.length === 4, "the changes at the reader");
    expect(back.changes.map(({ change }) => change)).toEqual(carol.changes.map(({ change }) => change));
    expect(back.client.cursor).toBe(carol.changes.at(-1)?.change);
    for (const { client } of [carol, back]) client.close();
  });
}

describe("the SDK's edits and deletions, standalone", () => sdkRules(startStandalone));

await describeSplit("the SDK's edits and deletions, split", {}, (deployment) => {
  sdkRules(async () => deployment);
});
