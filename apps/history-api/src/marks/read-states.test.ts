import { expect, it } from "vitest";
import { noDeadline } from "../test/no-deadline.ts";
import { idAt, message } from "../test/scripted-tail.ts";
import { ReadStates } from "./read-states.ts";

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
    history: { readPage: async () => ({ messages: [], next: undefined }) },
    readReceipts: true,
  });
  const last = message(3, { from: "bob", to: "alice" });
  const [state] = await states.of("alice", [{ with: "bob", last, isCounted: true }], {
    position: idAt(3),
    deadline: noDeadline(),
    charge: () => undefined,
    giveWay: async () => undefined,
  });
  expect(state).toMatchObject({ read: idAt(3), unread: 0 });
});
