import type { Message } from "@parley/client";
import { describe, expect, it } from "vitest";
import { entriesToSave, pendingIn, sortedConversations, totalUnread } from "./conversation-list.ts";
import { MAX_IN_MEMORY } from "./merge-messages.ts";
import { initialState, lastOwn, reduce } from "./reduce.ts";
import type { ChatEvent, ChatState, Pending } from "./state.ts";

const idOf = (n: number) => `1752674400000-${String(n).padStart(10, "0")}-00`;

function message(n: number, from: string, to: string, content = `text ${n}`): Message {
  return { id: idOf(n), from, to, content, timestamp: "2025-07-16T14:00:00.000Z" };
}

const start = () => initialState("alice", { lastId: "", conversations: [] });
const after = (events: readonly ChatEvent[], state: ChatState = start()) => events.reduce(reduce, state);
const arrived = (...messages: Message[]): ChatEvent[] =>
  messages.map((one) => ({ type: "message", message: one }));
const idsIn = (state: ChatState, partner: string) =>
  state.conversations.get(partner)?.messages.map(({ id }) => id);
const unread = (state: ChatState, partner: string) => state.conversations.get(partner)?.unread;

function pending(ref: string, to: string, content: string, more: Partial<Pending> = {}): Pending {
  return { ref, to, content, at: 1, tab: "t1", phase: "waiting", ...more };
}

describe("messages", () => {
  it("belong to the conversation with their other user, each once and in log order", () => {
    const state = after([
      ...arrived(message(2, "bob", "alice"), message(3, "alice", "bob"), message(4, "carol", "")),
      ...arrived(message(1, "bob", "alice"), message(3, "alice", "bob"), message(5, "alice", "alice")),
    ]);
    expect(idsIn(state, "bob")).toEqual([1, 2, 3].map(idOf));
    expect(idsIn(state, "")).toEqual([idOf(4)]);
    expect(idsIn(state, "alice")).toEqual([idOf(5)]);
  });

  it("P58: that repeat an older one are left out once history names them, in any order of arrival", () => {
    const first = { ...message(1, "bob", "alice"), also: idOf(9) };
    const page: ChatEvent = {
      type: "page",
      with: "bob",
      before: undefined,
      page: { messages: [first, message(2, "alice", "bob")], more: false },
    };
    const live = arrived(message(1, "bob", "alice"), message(9, "bob", "alice"));
    for (const events of [
      [...live, page],
      [page, ...live],
      [...live, page, ...arrived(message(10, "bob", "alice"))],
    ])
      expect(idsIn(after(events), "bob")?.slice(0, 2)).toEqual([1, 2].map(idOf));
    expect(idsIn(after([...live, page, ...live]), "bob")).toHaveLength(2);
  });

  it("are unread until the user has seen them: on the screen, in the open conversation, while looking at the page", () => {
    const onScreen = (n: number): ChatEvent => ({ type: "on-screen", with: "bob", id: idOf(n) });
    const attention = (attentive: boolean): ChatEvent => ({ type: "attention", attentive });
    let state = after(arrived(message(1, "bob", "alice"), message(2, "bob", "alice")));
    expect([unread(state, "bob"), totalUnread(state)]).toEqual([2, "2"]);
    state = after([{ type: "opened", with: "bob" }], state);
    expect(unread(state, "bob")).toBe(2);
    state = after([onScreen(1)], state);
    expect(unread(state, "bob")).toBe(1);
    state = after([onScreen(2), ...arrived(message(3, "bob", "alice"))], state);
    expect(unread(state, "bob")).toBe(0);
    state = after([attention(false), ...arrived(message(4, "bob", "alice"))], state);
    expect(unread(state, "bob")).toBe(1);
    expect(unread(after([attention(true)], state), "bob")).toBe(0);
    const away = after([attention(true), { type: "following", following: false }], state);
    expect(unread(after([...arrived(message(5, "bob", "alice"))], away), "bob")).toBe(1);
    expect(unread(after([{ type: "opened", with: "" }, onScreen(4)], state), "bob")).toBe(1);
  });

  it("L3: are not counted as unread again when they arrive again", () => {
    const saved = {
      lastId: idOf(2),
      conversations: [{ with: "bob", unread: 1, last: message(2, "bob", "alice") }],
    };
    const state = after(
      arrived(message(1, "bob", "alice"), message(2, "bob", "alice"), message(3, "bob", "alice")),
      initialState("alice", saved),
    );
    expect(unread(state, "bob")).toBe(2);
  });

  it("are read up to where another tab has shown them, also if they arrive here later", () => {
    const read = (n: number): ChatEvent => ({ type: "read", with: "bob", upTo: idOf(n) });
    let state = after(
      arrived(message(1, "bob", "alice"), message(2, "bob", "alice"), message(4, "bob", "alice")),
    );
    state = after([read(2)], state);
    expect(unread(state, "bob")).toBe(1);
    state = after([read(5), read(3)], state);
    expect(unread(state, "bob")).toBe(0);
    expect(unread(after(arrived(message(5, "bob", "alice")), state), "bob")).toBe(0);
    expect(unread(after(arrived(message(6, "bob", "alice")), state), "bob")).toBe(1);
    const reloaded = initialState("alice", { lastId: idOf(2), conversations: entriesToSave(state) });
    expect(unread(after(arrived(message(5, "bob", "alice")), reloaded), "bob")).toBe(0);
  });

  it("G5: are dropped from memory when they are old and nobody reads them, and can be loaded again", () => {
    const many = Array.from({ length: MAX_IN_MEMORY + 1 }, (_, n) => message(n, "bob", ""));
    const state = after(arrived(...many));
    expect(idsIn(state, "")?.length).toBeLessThanOrEqual(MAX_IN_MEMORY);
    expect(idsIn(state, "")?.at(-1)).toBe(idOf(MAX_IN_MEMORY));
    expect(state.conversations.get("")?.older).toBe("more");
    const reading = after([
      { type: "opened", with: "" },
      { type: "following", following: false },
      ...arrived(...many),
    ]);
    expect(idsIn(reading, "")).toHaveLength(MAX_IN_MEMORY + 1);
  });
});

describe("pages of history", () => {
  const page = (before: string | undefined, more: boolean, ...messages: Message[]): ChatEvent => ({
    type: "page",
    with: "",
    before,
    page: { messages, more },
  });

  it("join the live messages", () => {
    const state = after([
      ...arrived(message(8, "bob", "")),
      page(idOf(8), true, message(6, "bob", ""), message(7, "bob", "")),
      page(idOf(6), false, message(5, "bob", "")),
    ]);
    expect(idsIn(state, "")).toEqual([5, 6, 7, 8].map(idOf));
    expect(state.conversations.get("")?.older).toBe("none");
  });

  it("may overlap with live messages", () => {
    const state = after([
      ...arrived(message(7, "bob", ""), message(8, "bob", "")),
      page(undefined, true, message(6, "bob", ""), message(7, "bob", "")),
    ]);
    expect(idsIn(state, "")).toEqual([6, 7, 8].map(idOf));
  });

  it("are ignored if they would leave a hole, and can be loaded again", () => {
    const state = after([...arrived(message(8, "bob", "")), page(idOf(5), false, message(4, "bob", ""))]);
    expect(idsIn(state, "")).toEqual([idOf(8)]);
    expect(state.conversations.get("")?.older).toBe("more");
  });

  it("are loaded again after a failure, once the connection is back", () => {
    const failed = after([
      { type: "opened", with: "" },
      { type: "page-failed", with: "" },
    ]);
    const back = after([{ type: "connection", state: { phase: "live" } }], failed);
    expect(back.conversations.get("")?.older).toBe("unknown");
  });
});

describe("sent messages", () => {
  const sent: ChatEvent = { type: "sent", ref: "r1", id: idOf(9), timestamp: "2025-07-16T14:00:00.000Z" };
  const queued: ChatEvent = { type: "queued", pending: pending("r1", "bob", "Hello") };
  const left: ChatEvent = { type: "left", ref: "r1", at: 5 };
  const live = message(9, "alice", "bob", "Hello");

  it.each([
    ["the ack, then the live copy", [sent, ...arrived(live)]],
    ["the live copy, then the ack", [...arrived(live), sent]],
  ])("P10: are settled by their ref and shown once: %s", (_what, events) => {
    let state = after([queued, left]);
    for (const event of events) {
      state = reduce(state, event);
      expect((idsIn(state, "bob")?.length ?? 0) + pendingIn(state, "bob").length).toBe(1);
    }
    expect(state.outbox).toEqual([]);
    expect(idsIn(state, "bob")).toEqual([idOf(9)]);
  });

  it("P10: with the same text are two messages, each with its own live copy", () => {
    const second: ChatEvent = { type: "queued", pending: pending("r2", "bob", "Hello") };
    const state = after([queued, left, second, { type: "left", ref: "r2", at: 6 }, ...arrived(live)]);
    expect(pendingIn(state, "bob").map(({ ref }) => ref)).toEqual(["r2"]);
  });

  it("that failed are shown with the reason, and can be discarded", () => {
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

  it("G2: keep the time at which they first left", () => {
    expect(after([queued, left, { type: "left", ref: "r1", at: 99 }]).outbox[0]?.leftAt).toBe(5);
  });
});

describe("the list of conversations", () => {
  const names = (state: ChatState) => sortedConversations(state).map((conversation) => conversation.with);

  it("has the public room first, then the conversation with the newest message", () => {
    const state = after(
      arrived(message(1, "bob", "alice"), message(2, "carol", "alice"), message(3, "dave", "")),
    );
    expect(names(state)).toEqual(["", "carol", "bob"]);
    expect(names(after(arrived(message(4, "alice", "bob")), state))).toEqual(["", "bob", "carol"]);
  });

  it("P57: takes entries from the server, unless it knows a newer message", () => {
    const state = after([
      ...arrived(message(5, "bob", "alice")),
      {
        type: "listed",
        entries: [
          { with: "bob", last: message(4, "alice", "bob") },
          { with: "erin", last: message(3, "erin", "alice") },
        ],
      },
    ]);
    expect(names(state)).toEqual(["", "bob", "erin"]);
    expect(state.conversations.get("bob")).toMatchObject({ unread: 1, last: { id: idOf(5) } });
  });

  it("G5: is saved with few characters per conversation, because a browser stores few", () => {
    const many = Array.from({ length: 600 }, (_, n) => message(n, `user${n}`, "alice", "x".repeat(8_000)));
    const kept = entriesToSave(after(arrived(...many)));
    expect(kept[0]).toMatchObject({ with: "user599", unread: 1, last: { id: idOf(599) } });
    expect(JSON.stringify(kept).length).toBeLessThan(300_000);
  });

  it("shows a conversation that was just opened, and drops it again if it stays empty", () => {
    const state = after([...arrived(message(1, "bob", "alice")), { type: "opened", with: "zoe" }]);
    expect(names(state)).toEqual(["", "zoe", "bob"]);
    expect(names(after([{ type: "opened", with: "bob" }], state))).toEqual(["", "bob"]);
  });
});

describe("edits and deletions", () => {
  const edited = (n: number, change: number, content: string): Message => ({
    ...message(n, "alice", "bob", content),
    change: idOf(change),
    edited: true,
  });
  const gone = (n: number, change: number): Message => {
    const { edited: _, ...rest } = edited(n, change, "");
    return { ...rest, deleted: true };
  };
  const changed = (...messages: Message[]): ChatEvent[] =>
    messages.map((one) => ({ type: "changed", message: one }));
  const shown = (state: ChatState) => state.conversations.get("bob");
  const both = arrived(message(1, "alice", "bob"), message(2, "alice", "bob"));

  it("P74, P76: change the messages in memory and the list, in any order", () => {
    for (const order of [
      [edited(2, 8, "late"), edited(2, 7, "early")],
      [edited(2, 7, "early"), edited(2, 8, "late")],
    ]) {
      const state = after([...both, ...changed(...order)]);
      expect(shown(state)?.messages.map(({ content }) => content)).toEqual(["text 1", "late"]);
      expect(shown(state)?.last).toEqual(edited(2, 8, "late"));
    }
    const deleted = after([...both, ...changed(gone(1, 7), edited(1, 8, "back"))]);
    expect(shown(deleted)?.messages).toEqual([gone(1, 7), message(2, "alice", "bob")]);
    expect(shown(deleted)?.last).toEqual(message(2, "alice", "bob"));
  });

  it("P75: stay when the first state arrives late: with the ack, or with a page that was on its way", () => {
    const state = after([...both, ...changed(edited(1, 7, "new"), gone(2, 8))]);
    const page: ChatEvent = {
      type: "page",
      with: "bob",
      before: undefined,
      page: { messages: [message(1, "alice", "bob"), message(2, "alice", "bob")], more: false },
    };
    const late = after([page, ...both], state);
    expect(shown(late)?.messages).toEqual([edited(1, 7, "new"), gone(2, 8)]);
    expect(shown(late)?.last).toEqual(gone(2, 8));
  });

  it("of messages and conversations that aren't in memory add nothing, and count nothing as unread", () => {
    const state = after([...both, ...changed(edited(9, 10, "unknown"), message(3, "carol", "alice"))]);
    expect(idsIn(state, "bob")).toEqual([1, 2].map(idOf));
    expect([...state.conversations.keys()]).toEqual(["", "bob"]);
    expect(totalUnread(state)).toBe("");
  });

  it("the user's last message that isn't deleted is the one to edit", () => {
    const open: ChatEvent = { type: "opened", with: "bob" };
    const state = after([...both, ...arrived(message(3, "bob", "alice")), open]);
    expect(lastOwn(state)?.id).toBe(idOf(2));
    expect(lastOwn(after(changed(gone(2, 8)), state))?.id).toBe(idOf(1));
    expect(lastOwn(start())).toBeUndefined();
  });
});
