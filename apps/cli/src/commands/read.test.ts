import type { Conversation, ConversationsPage, Message } from "@parley/client";
import { formatId, idAfter } from "@parley/models";
import { describe, expect, it } from "vitest";
import { EXIT } from "../terminal/failure.ts";
import { readStateOf } from "./read.ts";

const messageOf = (n: number): Message => ({
  id: formatId({ ms: n, seq: 0 }),
  from: "bob",
  to: "alice",
  content: `${n}`,
  timestamp: "",
});
const { signal } = new AbortController();

/** A server with these newest messages, one for each request, and these pages. The last ones are repeated. */
function serverWith(newest: readonly (Message | undefined)[], pages: readonly ConversationsPage[]) {
  const asked: unknown[] = [];
  let requests = 0;
  return {
    asked,
    history: async () => {
      const message = newest[Math.min(requests++, newest.length - 1)];
      return { messages: message ? [message] : [], more: false };
    },
    conversations: async ({ before }: { before?: string | undefined } = {}) => {
      asked.push(before);
      return pages[Math.min(asked.length, pages.length) - 1] ?? { conversations: [] };
    },
  };
}

const conversation = (n: number, rest: Partial<Conversation> = {}): ConversationsPage => ({
  conversations: [{ with: "bob", last: messageOf(n), ...rest }],
});

describe("how far a conversation is read", () => {
  it("P71: is found with one small page, and again if a message came in between", async () => {
    const state = { unread: 1, read: messageOf(1).id };
    const server = serverWith(
      [messageOf(2), messageOf(3)],
      [{ conversations: [{ with: "carol", last: messageOf(1) }] }, conversation(3, state)],
    );
    expect(await readStateOf(server, "bob", signal)).toMatchObject({ last: messageOf(3), ...state });
    expect(server.asked).toEqual([2, 3].map((n) => idAfter(messageOf(n).id)));
  });

  it("isn't looked for if there are no messages, or for ever", async () => {
    expect(await readStateOf(serverWith([undefined], []), "bob", signal)).toBeUndefined();
    const busy = serverWith([messageOf(1)], [{ conversations: [] }]);
    await expect(readStateOf(busy, "bob", signal)).rejects.toMatchObject({ exitCode: EXIT.unreachable });
  });

  it.each([
    ["bob", conversation(1)],
    ["", { conversations: [] }],
  ])("P5: a server of an earlier version is told apart, with exit code 4: %j", async (partner, page) => {
    const old = serverWith([messageOf(1)], [page]);
    await expect(readStateOf(old, partner, signal)).rejects.toMatchObject({
      exitCode: EXIT.refused,
      message: "The server has no read marks: its version is too old (not_supported)",
    });
  });
});
