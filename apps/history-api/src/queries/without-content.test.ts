import { conversationOf, type StoredMessage } from "@parley/models";
import { describe, expect, it } from "vitest";
import { assertInOrder, duplicated, missing } from "../test/answers.ts";
import { ModelLog, seeded } from "../test/model-log.ts";
import { noDeadline } from "../test/no-deadline.ts";
import { History } from "./history.ts";
import { RefLookup } from "./ref-lookup.ts";

const SEEDS = Array.from({ length: 150 }, (_, index) => index + 1);
const PEERS = ["bob", "carol", "alice", ""];

function caseOf(seed: number) {
  const model = new ModelLog(seeded(seed));
  const observe = () => undefined;
  const refLookup = new RefLookup(model, observe);
  return { model, history: new History({ follower: model, store: model, refLookup, observe }) };
}

const bare = ({ meta: _, ...message }: StoredMessage) => ({ ...message, content: "" });

describe("messages without their content", () => {
  it("P56, L19: hold each message up to the position once, whatever happens between the reads", async () => {
    for (const seed of SEEDS) {
      const { model, history } = caseOf(seed);
      const { position } = await model.snapshot();
      for (const peer of PEERS) {
        const part = { after: undefined, before: undefined, limit: 1_000, position };
        const { messages } = await history.readWithoutContent("alice", peer, part, noDeadline());
        const conversation = conversationOf("alice", peer);
        const known = model.log.filter(
          ({ id, from, to }) => conversationOf(from, to) === conversation && id <= position,
        );
        expect(missing(messages, known), `seed ${seed}`).toEqual([]);
        expect(duplicated(messages, known), `seed ${seed}`).toEqual([]);
        assertInOrder(messages);
        expect(messages.every(({ id, content }) => id <= position && content === "")).toBe(true);
      }
    }
  });

  it("P71: are those of the page with content, with any bounds, stored, pending, edited and deleted", async () => {
    let deleted = 0;
    for (const seed of SEEDS) {
      const { model, history } = caseOf(seed);
      const { position } = await model.snapshot();
      model.freeze();
      const ids = [undefined, ...model.log.map(({ id }) => id)];
      const [after, before] = [ids[seed % ids.length], ids[(7 * seed) % ids.length]];
      for (const peer of PEERS) {
        const part = { after, before, limit: 1 + (seed % 9) };
        const shown = await history.readWithoutContent("alice", peer, { ...part, position }, noDeadline());
        const page = await history.readPage("alice", peer, { ...part, newest: true }, noDeadline());
        expect(shown, `seed ${seed}`).toEqual({ ...page, messages: page.messages.map(bare) });
        deleted += shown.messages.filter((message) => message.deleted).length;
      }
    }
    expect(deleted).toBeGreaterThan(10);
  });
});
