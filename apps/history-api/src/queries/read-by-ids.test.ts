import { contentDigest, ORIGIN, type StoredMessage } from "@parley/models";
import { expect, it } from "vitest";
import { RecentMessages } from "../log-tail/recent-messages.ts";
import { noDeadline } from "../test/no-deadline.ts";
import { edit, idAt, message } from "../test/scripted-tail.ts";
import { readByIds } from "./read-by-ids.ts";
import { RefLookup } from "./ref-lookup.ts";

const first = message(1, { ref: "r" });
const again = { ...first, id: idAt(9) };

it("L30: a duplicate shows its message as the store has it now, not as a lookup of its ref remembers it", async () => {
  let stored: StoredMessage = { ...first, digest: contentDigest(first) };
  let lookups = 0;
  const store = {
    async findByRef() {
      lookups += 1;
      return [stored];
    },
    findByIds: async (ids: readonly string[]) =>
      new Map(ids.filter((id) => id === first.id).map((id) => [id, stored])),
  };
  const recent = new RecentMessages(ORIGIN);
  recent.add([again]);
  const refLookup = new RefLookup(store, () => undefined);
  const read = async () => {
    const views = { pending: recent.viewMessages(), changes: recent.viewChanges(), refs: recent.refs };
    const tail = { position: idAt(20), since: ORIGIN, ...views };
    return readByIds([again.id], { store, refLookup, tail, deadline: noDeadline() });
  };
  expect((await read()).get(again.id)).toEqual({ ...stored, also: again.id });
  stored = { ...stored, content: "edited", change: idAt(12) };
  expect((await read()).get(again.id)).toEqual({ ...stored, also: again.id });
  expect(lookups).toBe(1);
  recent.add([edit(13, again)]);
  expect((await read()).get(again.id)).toMatchObject({
    id: first.id,
    content: "edited at 13",
    also: again.id,
  });
});
