import type { Message } from "@parley/client";
import { describe, expect, it } from "vitest";
import { initialState, reduce } from "../reduce.ts";
import type { ChatEvent, ChatState, ListedConversation } from "../state.ts";
import { markAfter, mayHaveOtherCount, missingMarks } from "./own-marks.ts";

const idOf = (n: number) => `1752674400000-${String(n).padStart(10, "0")}-00`;

function message(n: number, from: string, to = "alice"): Message {
  return { id: idOf(n), from, to, content: `text ${n}`, timestamp: "2025-07-16T14:00:00.000Z" };
}

const live: ChatEvent = { type: "connection", state: { phase: "live" } };
const arrived = (message: Message): ChatEvent => ({ type: "message", message });
const listed = (...entries: ListedConversation[]): ChatEvent => ({ type: "listed", entries });
const onScreen = (n: number): ChatEvent => ({ type: "on-screen", with: "bob", id: idOf(n) });
const opened = (partner: string): ChatEvent => ({ type: "opened", with: partner });
const attention = (attentive: boolean): ChatEvent => ({ type: "attention", attentive });

const after = (...events: ChatEvent[]): ChatState =>
  [live, ...events].reduce(reduce, initialState("alice", { lastId: "", conversations: [] }));

/** Returns the numbers of the messages for which marks are sent, one event after the other. */
function marks(...events: ChatEvent[]): string[] {
  let state = after();
  return events.flatMap((event) => {
    const before = state;
    state = reduce(before, event);
    return markAfter(before, event, state)?.id ?? [];
  });
}

describe("the marks that a page sends", () => {
  it("P70: are for what the user has seen, each once", () => {
    const arrivals = [1, 2, 3].map((n) => arrived(message(n, "bob")));
    expect(marks(...arrivals, opened("bob"))).toEqual([]);
    expect(marks(...arrivals, opened("bob"), onScreen(2), onScreen(1), onScreen(3))).toEqual(
      [2, 3].map(idOf),
    );
    expect(marks(opened("bob"), onScreen(1), arrived(message(2, "bob")), onScreen(2))).toEqual(
      [1, 2].map(idOf),
    );
    expect(marks(...arrivals, opened("bob"), attention(false), onScreen(3), attention(true))).toEqual([
      idOf(3),
    ]);
  });

  it("P70: aren't for what another tab has seen, nor for the user's own messages", () => {
    const read: ChatEvent = { type: "read", with: "bob", upTo: idOf(1) };
    expect(marks(arrived(message(1, "bob")), opened("bob"), read, onScreen(1))).toEqual([]);
    const own = arrived(message(2, "alice", "bob"));
    expect(marks(opened("bob"), onScreen(1), own, onScreen(2))).toEqual([idOf(1)]);
  });

  it("P70: are sent again if the server doesn't have them, unless it couldn't", () => {
    const state = after(
      listed({ with: "bob", last: message(4, "bob"), unread: 2, read: idOf(2) }),
      opened("bob"),
      onScreen(4),
    );
    const response = (last: number, read: number): ListedConversation[] => [
      { with: "bob", last: message(last, "bob"), unread: 0, read: idOf(read) },
    ];
    expect(missingMarks(state, response(5, 3))).toEqual([{ with: "bob", id: idOf(4) }]);
    expect(missingMarks(state, response(4, 4))).toEqual([]);
    expect(missingMarks(state, response(3, 3))).toEqual([]);
  });
});

describe("the pages of the list that are read again", () => {
  it("reach to the last conversation whose count may be another one", () => {
    const conversations = ["dave", "carol", "bob"].map((name, n) => ({
      with: name,
      last: message(n + 1, name),
      unread: 0,
      read: idOf(n + 1),
    }));
    const state = after(listed(...conversations));
    const reaches = (n: number, ...events: ChatEvent[]) =>
      mayHaveOtherCount(events.reduce(reduce, state), idOf(n));
    expect(reaches(4)).toBe(false);
    expect(reaches(2, opened("dave"))).toBe(true);
    expect(reaches(1, opened("dave"))).toBe(false);
    expect(reaches(6, arrived(message(5, "carol")))).toBe(true);
    const stranger = arrived(message(7, "erin"));
    const asked: ChatEvent = { type: "counts-requested" };
    const readElsewhere: ChatEvent = { type: "read", with: "erin", upTo: idOf(7) };
    expect(reaches(8, stranger, readElsewhere, asked)).toBe(true);
  });
});
