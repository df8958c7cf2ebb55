import fc from "fast-check";
import { expect, it } from "vitest";
import type { Message } from "../wire.ts";
import { presentMessage } from "./present-message.ts";

const message = (state: Partial<Message>): Message => ({
  id: "1",
  from: "alice",
  to: "",
  content: `after ${state.change ?? "nothing"}`,
  timestamp: "",
  ...state,
});
const edited = (change: string) => message({ change, edited: true });
const deleted = (change: string) => message({ change, content: "", deleted: true });

it("P76: of several edits the latest counts, and a deletion is final", () => {
  expect(presentMessage(undefined, edited("2"))).toEqual(edited("2"));
  expect(presentMessage(message({}), edited("2"))).toEqual(edited("2"));
  expect(presentMessage(edited("3"), edited("2"))).toEqual(edited("3"));
  expect(presentMessage(edited("3"), message({}))).toEqual(edited("3"));
  expect(presentMessage(edited("3"), deleted("2"))).toEqual(deleted("2"));
  expect(presentMessage(deleted("2"), edited("3"))).toEqual(deleted("2"));
});

it("P58: the latest repetition stays known", () => {
  expect(presentMessage(message({ also: "5" }), edited("2"))).toEqual({ ...edited("2"), also: "5" });
  expect(presentMessage(message({ also: "5" }), message({ also: "7" })).also).toBe("7");
  expect(presentMessage(edited("2"), message({}))).not.toHaveProperty("also");
});

it("P76: states that arrive in any order, and more than once, give the same message", () => {
  const changes = fc.uniqueArray(fc.integer({ min: 10, max: 30 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      changes,
      fc.option(fc.nat(5), { nil: undefined }),
      fc.infiniteStream(fc.nat()),
      (ids, last, dice) => {
        const log = ids.toSorted().map((id, n) => (n === last ? deleted(`${id}`) : edited(`${id}`)));
        const states = [message({}), ...log];
        const end = log.find((state) => state.deleted) ?? log.at(-1);
        const arrivals = [...states, ...states].map((state) => ({ state, at: dice.next().value }));
        const shown = arrivals
          .toSorted((a, b) => Number(a.at) - Number(b.at))
          .reduce<Message | undefined>((known, { state }) => presentMessage(known, state), undefined);
        expect(shown).toEqual(end);
      },
    ),
  );
});
