import type { ConversationsPage, Message, Observable, ParleyClient, ReadMark, State } from "@parley/client";
import { type Signal, signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { initialState, reduce } from "../reduce.ts";
import type { ChatEvent, ChatState } from "../state.ts";
import type { TabMessage, Tabs } from "../tabs.ts";
import { ReadMarks } from "./read-marks.ts";

const idOf = (n: number) => `1752674400000-${String(n).padStart(10, "0")}-00`;
const message = (n: number): Message => ({
  id: idOf(n),
  from: "bob",
  to: "alice",
  content: "",
  timestamp: "",
});

class Source<T> implements Observable<T> {
  readonly #listeners = new Set<(value: T) => void>();
  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  next(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
}

/** A client whose server has one conversation. */
class Client {
  readonly marks = new Source<ReadMark>();
  readonly marksMissed = new Source<void>();
  readonly state = new Source<State>();
  readonly sent: [string, string][] = [];
  page: ConversationsPage = { conversations: [] };
  requests = 0;

  markRead(other: string, id: string): void {
    this.sent.push([other, id]);
  }
  async conversations(): Promise<ConversationsPage> {
    this.requests += 1;
    return this.page;
  }
}

describe("the read marks of a tab", () => {
  let state: Signal<ChatState>;
  let client: Client;
  let readMarks: ReadMarks;
  let told: TabMessage[];
  const change = (event: ChatEvent) => {
    const before = state.peek();
    state.value = reduce(before, event);
    readMarks.tell(before, event, state.peek());
  };
  const listen = (mayHaveMissed = false) =>
    readMarks.listenTo(client as unknown as ParleyClient, mayHaveMissed);
  const settle = () => vi.advanceTimersByTimeAsync(1_000);

  beforeEach(() => {
    vi.useFakeTimers();
    told = [];
    client = new Client();
    state = signal(initialState("alice", { lastId: "", conversations: [] }));
    readMarks = new ReadMarks({
      state,
      tabs: { tell: (message: TabMessage) => told.push(message) } as unknown as Tabs,
      client: () => client as unknown as ParleyClient,
      change,
    });
    readMarks.start();
    change({ type: "connection", state: { phase: "live" } });
  });
  afterEach(() => {
    readMarks.close();
    vi.useRealTimers();
  });

  it("P70: tell the server and the other tabs what the user has seen, and take what they tell", () => {
    listen();
    change({ type: "message", message: message(1) });
    change({ type: "opened", with: "bob" });
    change({ type: "on-screen", with: "bob", id: idOf(1) });
    expect(client.sent).toEqual([["bob", idOf(1)]]);
    expect(told).toEqual([{ type: "read", with: "bob", upTo: idOf(1) }]);
    client.marks.next({ by: "alice", with: "bob", id: idOf(2) });
    client.marks.next({ by: "bob", with: "alice", id: idOf(3) });
    expect(state.peek().conversations.get("bob")).toMatchObject({ readUpTo: idOf(2), readBy: idOf(3) });
    expect([client.sent.length, told.length]).toEqual([1, 1]);
  });

  it("P70: ask the server again after marks were missed, also by the client before", async () => {
    listen();
    await settle();
    expect(client.requests).toBe(0);
    client.page = { conversations: [{ with: "bob", last: message(9), unread: 4, read: idOf(5) }] };
    client.marksMissed.next();
    await settle();
    expect(client.requests).toBe(1);
    expect(state.peek().conversations.get("bob")?.unread).toBe(4);
    listen(true);
    client.state.next({ phase: "connecting" });
    await settle();
    expect(client.requests).toBe(1);
    for (let times = 0; times < 2; times += 1) client.state.next({ phase: "live" });
    await settle();
    expect(client.requests).toBe(2);
  });

  it("P71: ask while a count is uncertain, and send the server a mark that it lacks", async () => {
    client.page = { conversations: [{ with: "bob", last: message(9), unread: 3, read: idOf(6) }] };
    readMarks.onListed([{ with: "bob", last: message(9), unread: 5, read: idOf(4) }]);
    change({ type: "read", with: "bob", upTo: idOf(6) });
    await settle();
    expect(client.requests).toBe(1);
    expect(state.peek().conversations.get("bob")?.unread).toBe(3);
    expect(client.sent).toEqual([]);
    change({ type: "read", with: "bob", upTo: idOf(9) });
    client.marksMissed.next();
    readMarks.onListed(client.page.conversations);
    expect(client.sent).toEqual([["bob", idOf(9)]]);
    readMarks.close();
    await settle();
    expect(client.requests).toBe(1);
  });
});
