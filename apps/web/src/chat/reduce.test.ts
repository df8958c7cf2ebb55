import type { Message } from "@parley/client";
import { describe, expect, it } from "vitest";
import { listed, pendingIn, unreadIn, worthKeeping } from "./conversation-list.ts";
import { MOST_KEPT } from "./merge-messages.ts";
import { initialState, reduce } from "./reduce.ts";
import type { ChatEvent, ChatState, Pending } from "./state.ts";

const idOf = (n: number) => `1752674400000-${String(n).padStart(10, "0")}-00`;

function message(n: number, from: string, to: string, content = `text ${n}`): Message {
  return { id: idOf(n), from, to, content, timestamp: "2025-07-16T14:00:00.000Z" };
}

const start = () => initialState("alice", { lastId: "", conversations: [] });
const after = (events: readonly ChatEvent[], state: ChatState = start()) => events.reduce(reduce, state);
const came = (...messages: Message[]): ChatEvent[] =>
  messages.map((one) => ({ type: "message", message: one }));
const idsIn = (state: ChatState, partner: string) =>
  state.conversations.get(partner)?.messages.map(({ id }) => id);
const unread = (state: ChatState, partner: string) => state.conversations.get(partner)?.unread;

function pending(ref: string, to: string, content: string, more: Partial<Pending> = {}): Pending {
  return { ref, to, content, at: 1, phase: "waiting", ...more };
}

describe("messages", () => {
  it("stand with whom they are exchanged, in the order of the log, each once", () => {
    const state = after([
      ...came(message(2, "bob", "alice"), message(3, "alice", "bob"), message(4, "carol", "")),
      ...came(message(1, "bob", "alice"), message(3, "alice", "bob"), message(5, "alice", "alice")),
    ]);
    expect(idsIn(state, "bob")).toEqual([1, 2, 3].map(idOf));
    expect(idsIn(state, "")).toEqual([idOf(4)]);
    expect(idsIn(state, "alice")).toEqual([idOf(5)]);
  });

  it("are unread until their conversation is open in a page that can be seen", () => {
    let state = after(
      came(message(1, "bob", "alice"), message(2, "bob", "alice"), message(3, "alice", "bob")),
    );
    expect([unread(state, "bob"), unreadIn(state)]).toEqual([2, 2]);
    state = after([{ type: "opened", with: "bob" }], state);
    expect(unread(state, "bob")).toBe(0);
    state = after([...came(message(4, "bob", "alice")), { type: "visible", visible: false }], state);
    expect(unread(state, "bob")).toBe(0);
    state = after(came(message(5, "bob", "alice")), state);
    expect(unread(state, "bob")).toBe(1);
    expect(unread(after([{ type: "visible", visible: true }], state), "bob")).toBe(0);
  });

  it("L3: that are told again are not counted again", () => {
    const saved = {
      lastId: idOf(2),
      conversations: [{ with: "bob", unread: 1, last: message(2, "bob", "alice") }],
    };
    const state = after(
      came(message(1, "bob", "alice"), message(2, "bob", "alice"), message(3, "bob", "alice")),
      initialState("alice", saved),
    );
    expect(unread(state, "bob")).toBe(2);
  });

  it("G5: old ones are forgotten while nobody reads them, and can be asked for again", () => {
    const many = Array.from({ length: MOST_KEPT + 1 }, (_, n) => message(n, "bob", ""));
    const state = after(came(...many));
    expect(idsIn(state, "")?.length).toBeLessThanOrEqual(MOST_KEPT);
    expect(idsIn(state, "")?.at(-1)).toBe(idOf(MOST_KEPT));
    expect(state.conversations.get("")?.older).toBe("more");
    const reading = after([
      { type: "opened", with: "" },
      { type: "following", following: false },
      ...came(...many),
    ]);
    expect(idsIn(reading, "")).toHaveLength(MOST_KEPT + 1);
  });
});

describe("pages of history", () => {
  const page = (before: string | undefined, more: boolean, ...messages: Message[]): ChatEvent => ({
    type: "page",
    with: "",
    before,
    page: { messages, more },
  });

  it("join what came live", () => {
    const state = after([
      ...came(message(8, "bob", "")),
      page(idOf(8), true, message(6, "bob", ""), message(7, "bob", "")),
      page(idOf(6), false, message(5, "bob", "")),
    ]);
    expect(idsIn(state, "")).toEqual([5, 6, 7, 8].map(idOf));
    expect(state.conversations.get("")?.older).toBe("none");
  });

  it("overlap with what came live meanwhile", () => {
    const state = after([
      ...came(message(7, "bob", ""), message(8, "bob", "")),
      page(undefined, true, message(6, "bob", ""), message(7, "bob", "")),
    ]);
    expect(idsIn(state, "")).toEqual([6, 7, 8].map(idOf));
  });

  it("that would leave a hole are not taken, and are asked for again", () => {
    const state = after([...came(message(8, "bob", "")), page(idOf(5), false, message(4, "bob", ""))]);
    expect(idsIn(state, "")).toEqual([idOf(8)]);
    expect(state.conversations.get("")?.older).toBe("more");
  });

  it("that could not be had are tried again once the connection is back", () => {
    const failed = after([
      { type: "opened", with: "" },
      { type: "ask-failed", with: "" },
    ]);
    const back = after([{ type: "connection", state: { phase: "live" } }], failed);
    expect(back.conversations.get("")?.older).toBe("unknown");
  });
});

describe("what was sent", () => {
  const sent: ChatEvent = { type: "sent", ref: "r1", id: idOf(9), timestamp: "2025-07-16T14:00:00.000Z" };
  const queued: ChatEvent = { type: "queued", pending: pending("r1", "bob", "Hello") };
  const left: ChatEvent = { type: "left", ref: "r1", at: 5 };
  const live = message(9, "alice", "bob", "Hello");

  it.each([
    ["the ack, then the live copy", [sent, ...came(live)]],
    ["the live copy, then the ack", [...came(live), sent]],
  ])("P10: is settled by its ref and shown once: %s", (_what, events) => {
    let state = after([queued, left]);
    for (const event of events) {
      state = reduce(state, event);
      expect((idsIn(state, "bob")?.length ?? 0) + pendingIn(state, "bob").length).toBe(1);
    }
    expect(state.outbox).toEqual([]);
    expect(idsIn(state, "bob")).toEqual([idOf(9)]);
  });

  it("P10: the same text twice is two messages, each of which takes its own copy", () => {
    const second: ChatEvent = { type: "queued", pending: pending("r2", "bob", "Hello") };
    const state = after([queued, left, second, { type: "left", ref: "r2", at: 6 }, ...came(live)]);
    expect(pendingIn(state, "bob").map(({ ref }) => ref)).toEqual(["r2"]);
  });

  it("and failed is shown with its reason, and can be discarded", () => {
    const failed = after([
      queued,
      left,
      { type: "unsent", ref: "r1", phase: "failed", code: "content_too_long" },
    ]);
    expect(pendingIn(failed, "bob")).toMatchObject([
      { phase: "failed", code: "content_too_long", leftAt: 5 },
    ]);
    expect(pendingIn(reduce(failed, { type: "discarded", ref: "r1" }), "bob")).toEqual([]);
  });

  it("G2: keeps the time at which it first left", () => {
    expect(after([queued, left, { type: "left", ref: "r1", at: 99 }]).outbox[0]?.leftAt).toBe(5);
  });
});

describe("the list", () => {
  const names = (state: ChatState) => listed(state).map((conversation) => conversation.with);

  it("has the room first, then whoever was talked with last", () => {
    const state = after(
      came(message(1, "bob", "alice"), message(2, "carol", "alice"), message(3, "dave", "")),
    );
    expect(names(state)).toEqual(["", "carol", "bob"]);
    expect(names(after(came(message(4, "alice", "bob")), state))).toEqual(["", "bob", "carol"]);
  });

  it("P57: takes what the server lists, and knows better where it does", () => {
    const state = after([
      ...came(message(5, "bob", "alice")),
      {
        type: "listed",
        entries: [
          { with: "bob", last: message(4, "alice", "bob"), unread: 0 },
          { with: "erin", last: message(3, "erin", "alice"), unread: 0 },
        ],
      },
    ]);
    expect(names(state)).toEqual(["", "bob", "erin"]);
    expect(state.conversations.get("bob")).toMatchObject({ unread: 1, last: { id: idOf(5) } });
  });

  it("G5: is kept in a few characters a conversation, for a browser that keeps few", () => {
    const many = Array.from({ length: 600 }, (_, n) => message(n, `user${n}`, "alice", "x".repeat(8_000)));
    const kept = worthKeeping(after(came(...many)));
    expect(kept[0]).toMatchObject({ with: "user599", unread: 1, last: { id: idOf(599) } });
    expect(JSON.stringify(kept).length).toBeLessThan(300_000);
  });

  it("shows one that was just opened, and leaves it out again when nothing was said", () => {
    const state = after([...came(message(1, "bob", "alice")), { type: "opened", with: "zoe" }]);
    expect(names(state)).toEqual(["", "zoe", "bob"]);
    expect(names(after([{ type: "opened", with: "bob" }], state))).toEqual(["", "bob"]);
  });
});
