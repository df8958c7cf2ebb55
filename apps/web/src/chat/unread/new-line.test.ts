import type { Message } from "@parley/client";
import { describe, expect, it } from "vitest";
import { initialState, reduce } from "../reduce.ts";
import type { ChatEvent, ChatState, ListedConversation } from "../state.ts";
import { idBelowLine } from "./new-line.ts";
import { receiptOf } from "./receipt.ts";

const idOf = (n: number) => `1752674400000-${String(n).padStart(10, "0")}-00`;

function message(n: number, from = "bob", to = "alice"): Message {
  return { id: idOf(n), from, to, content: `text ${n}`, timestamp: "2025-07-16T14:00:00.000Z" };
}

const live: ChatEvent = { type: "connection", state: { phase: "live" } };
const opened: ChatEvent = { type: "opened", with: "bob" };
const onScreen = (n: number): ChatEvent => ({ type: "on-screen", with: "bob", id: idOf(n) });
const arrived = (...messages: Message[]): ChatEvent[] =>
  messages.map((one) => ({ type: "message", message: one }));
const listed = (entry: Partial<ListedConversation>): ChatEvent => ({
  type: "listed",
  entries: [{ with: "bob", ...entry }],
});
const page: ChatEvent = {
  type: "page",
  with: "bob",
  before: undefined,
  page: { messages: [message(1), message(2), message(3), message(4)], more: true },
};

const after = (events: readonly ChatEvent[], state: ChatState) => events.reduce(reduce, state);
const start = (...events: ChatEvent[]) =>
  after([live, ...events], initialState("alice", { lastId: "", conversations: [] }));
const below = (state: ChatState) => {
  const conversation = state.conversations.get("bob");
  return conversation && idBelowLine(state, conversation);
};
const told = listed({ last: message(4), unread: 2, read: idOf(2) });

describe("the line above new messages", () => {
  it("stays above the first one that was unread when the conversation was opened", () => {
    const state = start(told, page, opened, onScreen(4), ...arrived(message(5)));
    expect(state.conversations.get("bob")?.unread).toBe(0);
    expect(below(state)).toBe(idOf(3));
  });

  it("has its place from the server's first response, if the conversation was opened before", () => {
    const state = start(opened, page, onScreen(4));
    expect(below(state)).toBeUndefined();
    expect(below(reduce(state, told))).toBe(idOf(3));
    expect(below(reduce(state, listed({ last: message(4), unread: 0, read: idOf(4) })))).toBeUndefined();
  });

  it("is gone once the user leaves or sends, and isn't drawn where an earlier message could be new", () => {
    const state = start(told, page, opened);
    const pending = { ref: "r1", to: "bob", content: "Hi", at: 1, tab: "t", phase: "waiting" } as const;
    expect(below(after([{ type: "queued", pending }], state))).toBeUndefined();
    expect(below(after([onScreen(4), { type: "opened", with: "" }, opened], state))).toBeUndefined();
    expect(below(start(listed({ last: message(4), unread: 4 }), page, opened))).toBeUndefined();
  });

  it("is above what came while the user was away, and not above what the user watches", () => {
    const away: ChatEvent = { type: "attention", attentive: false };
    const back: ChatEvent = { type: "attention", attentive: true };
    const read = listed({ last: message(4), unread: 0, read: idOf(4) });
    const state = start(read, page, opened, onScreen(4), ...arrived(message(5)));
    expect(below(state)).toBeUndefined();
    expect(below(after([away, ...arrived(message(6), message(7)), back], state))).toBe(idOf(6));
  });
});

describe("the receipt of the user's own message", () => {
  const own = message(5, "alice", "bob");
  const receipt = (state: ChatState, one = own) => receiptOf(state, state.conversations.get("bob"), one);

  it("P70: is sent, and then seen once the other user has read up to it, or has answered", () => {
    const state = start(listed({ last: own, unread: 0, readBy: idOf(4) }));
    expect(receipt(state)).toBe("sent");
    expect(receipt(after([{ type: "read-by", with: "bob", upTo: own.id }], state))).toBe("seen");
    expect(receipt(after(arrived(message(6)), state))).toBe("seen");
    expect(receipt(state, { ...own, deleted: true })).toBeUndefined();
    expect(receipt(state, message(4))).toBeUndefined();
  });

  it("isn't shown if the server tells nobody how far others have read", () => {
    expect(receipt(start(listed({ last: own, unread: 0 }), ...arrived(message(6))))).toBeUndefined();
  });
});
