import { until } from "@parley/async";
import type { StoredMessage } from "@parley/models";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { type Deployment, describeSplit, startStandalone } from "../rig/shapes.ts";

async function read(deployment: Deployment, user: string, path: string): Promise<StoredMessage[]> {
  return [await deployment.read<StoredMessage | StoredMessage[]>(user, path)].flat();
}

await describeSplit(
  "a message repeated after the dedupe window",
  { env: { DEDUPE_WINDOW_MS: "1000" } },
  (split) => {
    let alice: ChatClient;
    let bob: ChatClient;
    let mongo: MongoClient;

    beforeAll(async () => {
      mongo = new MongoClient(split.mongoUrl);
      alice = await ChatClient.connect(split.gateways[0], await split.token("alice"));
      bob = await ChatClient.connect(split.gateways[1], await split.token("bob"));
    });
    afterAll(async () => {
      for (const client of [alice, bob]) client?.socket.terminate();
      await mongo?.close();
      await split.stop();
    });

    /** Repeats a message until the log has forgotten its ref, and it gets another id. */
    async function repeatUntilForgotten(content: string, ref: string, id: string): Promise<string> {
      let last = id;
      await until(async () => {
        last = (await alice.send("bob", content, ref)).id;
        return last !== id;
      });
      return last;
    }

    it("G1, G2, P58: history has it once, and each acknowledged id finds it, before and after it is stored", async () => {
      const first = await alice.send("bob", "once", "r1");
      const [persister] = split.persisters;
      await until(() => mongo.db().collection("messages").countDocuments().then(Boolean));
      await persister?.kill("SIGSTOP");
      const later = await repeatUntilForgotten("once", "r1", first.id);
      const expectShown = async () => {
        const shown = { id: first.id, content: "once", also: later };
        for (const id of [first.id, later])
          expect(await read(split, "bob", `/message/${id}`)).toMatchObject([shown]);
        expect(await read(split, "bob", "/messages/alice")).toMatchObject([shown]);
        expect(await read(split, "alice", "/messages/bob?limit=5")).toMatchObject([shown]);
        expect((await split.history("carol", `/message/${later}`)).status).toBe(404);
      };
      await expectShown();
      await persister?.kill("SIGCONT");
      const aliases = mongo.db().collection<{ _id: string; of: string }>("aliases");
      await until(async () => (await aliases.findOne({ _id: later }))?.of === first.id);
      await expectShown();
      await until(() => bob.messages.length === 2);
      expect(bob.messages.map(({ id, content }) => [id, content])).toEqual([
        [first.id, "once"],
        [later, "once"],
      ]);
    });

    it("L13: another content under the old ref is a message of its own", async () => {
      const first = await alice.send("bob", "one", "r2");
      let other = "";
      // Within the window it is refused.
      await until(async () => {
        other = await alice.send("bob", "two", "r2").then(
          ({ id }) => id,
          () => "",
        );
        return other !== "";
      });
      const stored = mongo.db().collection<{ _id: string }>("messages");
      await until(async () => (await stored.findOne({ _id: other })) !== null);
      expect(await read(split, "bob", `/message/${other}`)).toMatchObject([{ id: other, content: "two" }]);
      expect(await read(split, "bob", `/message/${first.id}`)).toMatchObject([{ content: "one" }]);
    });
  },
);

describe("standalone", () => {
  it("P10, P58: a repeated message always gets its first id, and other content ref_reused", async () => {
    const standalone = await startStandalone({ env: { DEDUPE_WINDOW_MS: "1000" } });
    const alice = await ChatClient.connect(standalone.gateways[0], await standalone.token("alice"));
    try {
      const first = await alice.send("bob", "once", "r1");
      expect((await alice.send("bob", "once", "r1")).id).toBe(first.id);
      await expect(alice.send("bob", "other", "r1")).rejects.toThrow("ref_reused");
      const [message] = await read(standalone, "bob", `/message/${first.id}`);
      expect([message?.id, message?.content, message?.also]).toEqual([first.id, "once", undefined]);
    } finally {
      alice.socket.terminate();
      await standalone.stop();
    }
  });
});
