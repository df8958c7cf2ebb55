import type { Message } from "@parley/client";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entriesToSave, totalUnread, unreadText } from "../conversation-list.ts";
import { initialState, reduce } from "../reduce.ts";
import type { ChatEvent, ChatState, ListedConversation } from "../state.ts";
import { MAX_UNREAD } from "./count.ts";
import { isCountUncertain } from "./own-marks.ts";

const idOf = (n: number) => `1752674400000-${String(n).padStart(10, "0")}-00`;

function message(n: number, from: string, to: string): Message {
  return { id: idOf(n), from, to, content: `text ${n}`, timestamp: "2025-07-16T14:00:00.000Z" };
}
const fromBob = (n: number) => message(n, "bob", "alice");
const toBob = (n: number) => message(n, "alice", "bob");

const live: ChatEvent = { type: "connection", state: { phase: "live" } };
const arrived = (...messages: Message[]): ChatEvent[] =>
  messages.map((one) => ({ type: "message", message: one }));
const deleted = (message: Message): ChatEvent => ({
  type: "changed",
  message: { ...message, content: "", change: idOf(9_999), deleted: true },
});
const read = (n: number, partner = "bob"): ChatEvent => ({ type: "read", with: partner, upTo: idOf(n) });
const listed = (entry: Partial<ListedConversation>): ChatEvent => ({
  type: "listed",
  entries: [{ with: "bob", ...entry }],
});
const asked: ChatEvent = { type: "counts-requested" };

const start = () => reduce(initialState("alice", { lastId: "", conversations: [] }), live);
const after = (events: readonly ChatEvent[], state: ChatState = start()) => events.reduce(reduce, state);
const bob = (state: ChatState) => state.conversations.get("bob");
const unread = (state: ChatState) => bob(state)?.unread;

/** The third message is read, and two more have come. */
const TWO_UNREAD = after([
  listed({ last: fromBob(3), unread: 0, read: idOf(3) }),
  ...arrived(fromBob(4), fromBob(5)),
]);

/** A page of history that ends with the third message. `more`: there are earlier ones. */
const pageWithThird = ({ more }: { more: boolean }): ChatEvent => ({
  type: "page",
  with: "bob",
  before: idOf(4),
  page: { messages: [fromBob(3)], more },
});

describe("the number of unread messages", () => {
  it("P71: is the server's, and goes on with the stream", () => {
    const state = after([listed({ last: fromBob(9), unread: 3, read: idOf(4) }), ...arrived(fromBob(10))]);
    expect(unread(state)).toBe(4);
    expect(unread(after([listed({ last: fromBob(10), unread: 4, read: idOf(4) })], state))).toBe(4);
    expect(unread(after([read(10)], state))).toBe(0);
    expect(unread(after(arrived(toBob(11)), state))).toBe(0);
    expect(isCountUncertain(state)).toBe(false);
  });

  it("P71: counts each message once, also if the response or the stream is ahead of the other", () => {
    const ahead = listed({ last: fromBob(3), unread: 3 });
    expect(unread(after([ahead, ...arrived(fromBob(1), fromBob(2), fromBob(3), fromBob(4))]))).toBe(4);
    const behind = listed({ last: fromBob(1), unread: 1 });
    expect(unread(after([...arrived(fromBob(1), fromBob(2), fromBob(3)), behind]))).toBe(3);
    expect(unread(after([...arrived(fromBob(1), toBob(2), fromBob(3)), behind]))).toBe(1);
  });

  it("P70: of a mark among messages in memory is computed, and of another one the server is asked", () => {
    const page = pageWithThird({ more: true });
    const covered = after([page, read(4)], TWO_UNREAD);
    expect([unread(covered), isCountUncertain(covered)]).toEqual([1, false]);
    const uncovered = after([listed({ last: fromBob(9), unread: 5, read: idOf(4) }), read(6)]);
    expect(isCountUncertain(uncovered)).toBe(true);
    const answered = after([asked, listed({ last: fromBob(9), unread: 3, read: idOf(6) })], uncovered);
    expect([unread(answered), isCountUncertain(answered)]).toEqual([3, false]);
  });

  it("P70: isn't raised again by a response that a mark has overtaken", () => {
    const late = listed({ last: fromBob(9), unread: 5, read: idOf(4) });
    expect(unread(after([read(9), late]))).toBe(0);
    expect(isCountUncertain(after([read(9), late]))).toBe(false);
    expect(isCountUncertain(after([read(7), late]))).toBe(true);
    const askedBefore = after([late, asked, read(7), late]);
    expect(isCountUncertain(askedBefore)).toBe(true);
  });

  it("is lower by a deleted message, which may be one that isn't in memory", () => {
    const page = pageWithThird({ more: false });
    expect(unread(after([page, deleted(fromBob(4))], TWO_UNREAD))).toBe(1);
    expect(unread(after([page, deleted(fromBob(3))], TWO_UNREAD))).toBe(2);
    expect(isCountUncertain(after([deleted(fromBob(4))], TWO_UNREAD))).toBe(true);
    const old = after([...arrived(fromBob(4), fromBob(5)), deleted(fromBob(4))]);
    expect([unread(old), isCountUncertain(old)]).toEqual([1, false]);
  });

  it("of a conversation that the server hasn't told is asked for, unless it tells none", () => {
    expect(isCountUncertain(after(arrived(fromBob(1))))).toBe(false);
    const tells = after([{ type: "listed", entries: [{ with: "", unread: 0 }] }]);
    const state = after(arrived(fromBob(1)), tells);
    expect([unread(state), isCountUncertain(state)]).toEqual([1, true]);
    const page: ChatEvent = {
      type: "page",
      with: "bob",
      before: idOf(3),
      page: { messages: [fromBob(1), fromBob(2)], more: false },
    };
    expect(unread(after([...arrived(fromBob(3)), page, ...arrived(fromBob(4))], tells))).toBe(2);
    expect(isCountUncertain(reduce(state, { type: "connection", state: { phase: "connecting" } }))).toBe(
      false,
    );
  });

  it("P71: is at most 100, for the newest 100 messages, and says so", () => {
    const many = Array.from({ length: 150 }, (_, n) => fromBob(n + 1));
    const state = after([listed({ unread: 0 }), ...arrived(...many)]);
    const conversation = bob(state);
    expect(conversation && unreadText(conversation)).toBe("100+");
    expect(totalUnread(after(arrived(message(200, "carol", "")), state))).toBe("101+");
    const whole = after(
      [
        { type: "page", with: "bob", before: idOf(1), page: { messages: [], more: false } },
        deleted(fromBob(150)),
      ],
      state,
    );
    expect(unread(whole)).toBe(MAX_UNREAD - 1);
  });

  it("survives a reload, also if the response was ahead of the stream", () => {
    const state = after([...arrived(fromBob(1)), listed({ last: fromBob(3), unread: 3, read: "" })]);
    const reloaded = initialState("alice", { lastId: state.lastId, conversations: entriesToSave(state) });
    expect(unread(after([live, ...arrived(fromBob(2), fromBob(3), fromBob(4))], reloaded))).toBe(4);
  });
});

/** A server with one conversation, and the events that are on their way from it to the page. */
class Server {
  readonly messages: Message[] = [];
  readonly stream: ChatEvent[] = [];
  readonly marks: ChatEvent[] = [];
  readonly answers: ChatEvent[] = [];
  #mark = "";
  #next = 1;

  send(from: "alice" | "bob"): void {
    const sent = from === "bob" ? fromBob(this.#next) : toBob(this.#next);
    this.#next += 1;
    this.messages.push(sent);
    this.stream.push(...arrived(sent));
    if (from === "alice") this.#mark = sent.id;
  }

  remove(at: number): void {
    const index = at % (this.messages.length || 1);
    const one = this.messages[index];
    if (!one || one.deleted) return;
    const gone: Message = { ...one, content: "", change: idOf(this.#next), deleted: true };
    this.#next += 1;
    this.messages[index] = gone;
    this.stream.push({ type: "changed", message: gone });
  }

  read(at: number): void {
    const id = this.messages[at % (this.messages.length || 1)]?.id ?? "";
    if (id <= this.#mark) return;
    this.#mark = id;
    this.marks.push({ type: "read", with: "bob", upTo: id });
  }

  get unread(): number {
    return this.messages.filter(({ id, from, deleted }) => id > this.#mark && from === "bob" && !deleted)
      .length;
  }

  answer(): ChatEvent {
    const read = this.#mark === "" ? undefined : this.#mark;
    return listed({ last: this.messages.at(-1), unread: this.unread, read });
  }
}

const OPERATIONS = ["send", "own", "remove", "read", "ask", "stream", "mark", "answer"] as const;
/** After an own message, all that is unread is in memory. So there are few. */
const operationName = fc.oneof(
  { weight: 1, arbitrary: fc.constant("own" as const) },
  { weight: 20, arbitrary: fc.constantFrom(...OPERATIONS.filter((name) => name !== "own")) },
);

it("P70, P71: agrees with the server in the end, in any order of messages, deletions, marks and responses", () => {
  const operation = fc.tuple(operationName, fc.nat(40));
  fc.assert(
    fc.property(fc.nat(10), fc.array(operation, { maxLength: 30 }), (old, operations) => {
      const server = new Server();
      for (let n = 0; n < old; n += 1) server.send("bob");
      // Older messages aren't in memory.
      server.stream.length = 0;
      let state = after([server.answer()]);
      const take = (queue: ChatEvent[], at = 0) => {
        for (const event of queue.splice(at, 1)) state = reduce(state, event);
      };
      const steps: Record<(typeof OPERATIONS)[number], (n: number) => void> = {
        send: () => server.send("bob"),
        own: () => server.send("alice"),
        remove: (n) => server.remove(n),
        read: (n) => server.read(n),
        ask: () => {
          state = reduce(state, asked);
          server.answers.push(server.answer());
        },
        stream: () => take(server.stream),
        mark: (n) => take(server.marks, n % (server.marks.length || 1)),
        answer: () => take(server.answers),
      };
      for (const [name, n] of operations) steps[name](n);
      for (const queue of [server.answers, server.stream, server.marks]) while (queue.length > 0) take(queue);
      for (let times = 0; isCountUncertain(state) && times < 3; times += 1)
        state = after([asked, server.answer()], state);
      expect(isCountUncertain(state)).toBe(false);
      expect(unread(state) ?? 0).toBe(server.unread);
    }),
    { numRuns: 1_000 },
  );
});
