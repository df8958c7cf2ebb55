import { contentDigest } from "@parley/models";
import type { Store } from "@parley/store";
import { afterEach, describe, expect, it } from "vitest";
import { startFullyStored } from "../test/fully-stored.ts";
import { startPartlyStored } from "../test/partly-stored.ts";
import { LIMITS, type RunningApi } from "../test/running-api.ts";
import { idAt, message } from "../test/scripted-tail.ts";

let server: RunningApi | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(...args: Parameters<typeof startPartlyStored>): Promise<RunningApi> {
  ({ server } = await startPartlyStored(...args));
  return server;
}

async function list(api: RunningApi, path = "/conversations", user = "alice") {
  const { status, body } = await api.request(path, { user });
  expect(status).toBe(200);
  const states = body.conversations.map(({ last: _, with: peer, ...state }: Record<string, unknown>) => [
    peer,
    state,
  ]);
  return { ...Object.fromEntries(states), ...(body.public && { public: body.public }) };
}

const fromBob = (n: number) => message(n, { from: "bob", to: "alice" });
const toBob = (n: number) => message(n, { from: "alice", to: "bob" });

describe("GET /conversations: how far they are read", () => {
  it("P71: counts the messages of others after the mark, stored and pending", async () => {
    const api = await start([1, 2, 3, 4, 5].map(fromBob), [1, 2, 4]);
    expect(await list(api)).toMatchObject({ bob: { unread: 5, readBy: idAt(5) } });
    await api.store.marks.keep([{ user: "alice", with: "bob", id: idAt(2) }]);
    expect(await list(api)).toMatchObject({ bob: { unread: 3, read: idAt(2) } });
    api.marks.set("alice:bob", idAt(3));
    expect(await list(api)).toMatchObject({ bob: { unread: 2, read: idAt(3) } });
    api.marks.set("alice:bob", idAt(1));
    expect(await list(api)).toMatchObject({ bob: { unread: 3, read: idAt(2) } });
    api.marks.set("alice:bob", idAt(5));
    expect(await list(api)).toMatchObject({ bob: { unread: 0, read: idAt(5) } });
  });

  it("P71: sending counts as read up to the message sent, and one's own messages don't count", async () => {
    const api = await start([fromBob(1), fromBob(2), toBob(3), fromBob(4), fromBob(5)], [1, 2, 3]);
    expect(await list(api)).toMatchObject({ bob: { unread: 2, read: idAt(3) } });
    expect((await list(api, "/conversations", "bob")).alice).toEqual({
      ...{ unread: 0, read: idAt(5), readBy: idAt(3) },
    });
  });

  it("P71: an answer doesn't take back that the other user has read up to their own message, stored or pending", async () => {
    for (const stored of [[], [3], [4], [3, 4]]) {
      const api = await start([toBob(1), toBob(2), fromBob(3), toBob(4)], [1, 2, ...stored]);
      expect((await list(api)).bob).toEqual({ unread: 0, read: idAt(4), readBy: idAt(3) });
      const ofBob = { unread: 1, read: idAt(3), readBy: idAt(4) };
      expect((await list(api, "/conversations", "bob")).alice).toEqual(ofBob);
      await api.stop();
      server = undefined;
    }
  });

  it("P71: an own message counts as read after any number of answers, and after it was deleted", async () => {
    const log = [toBob(1), toBob(2), toBob(3), ...Array.from({ length: 130 }, (_, n) => fromBob(n + 4))];
    for (const stored of [2, 3, 50, 133]) {
      const api = await start(
        log,
        Array.from({ length: stored }, (_, n) => n + 1),
      );
      expect(await list(api)).toMatchObject({ bob: { unread: 100, read: idAt(3) } });
      expect(await list(api, "/conversations", "bob")).toMatchObject({ alice: { readBy: idAt(3) } });
      const { id, from, to } = toBob(3);
      const deletion = {
        kind: "delete",
        change: idAt(200),
        from,
        to,
        id,
        digest: contentDigest(toBob(3)),
      } as const;
      if (stored >= 3) await api.store.change([deletion], { watermark: id });
      expect(await list(api, "/conversations", "bob")).toMatchObject({ alice: { readBy: idAt(3) } });
      await api.stop();
      server = undefined;
    }
  });

  it("P58, P71: a message that is sent again counts with its later id, before and after it is stored", async () => {
    const first = { ...toBob(1), ref: "r" };
    const log = [first, fromBob(2), fromBob(3), { ...first, id: idAt(4) }, fromBob(5)];
    const api = await start(log, [1, 2, 3]);
    const expected = { bob: { unread: 1, read: idAt(4) } };
    expect(await list(api)).toMatchObject(expected);
    await api.store.insert(log.slice(3), { keepAliases: true });
    expect(await list(api)).toMatchObject(expected);
    expect(await list(api, "/conversations", "bob")).toMatchObject({ alice: { readBy: idAt(4) } });
  });

  it("P71: readBy is the other user's stored mark, never one that isn't stored, and hidden without read receipts", async () => {
    for (const readReceipts of [true, false]) {
      const api = await start([toBob(1), toBob(2), toBob(3)], [1, 2], { readReceipts });
      api.marks.set("bob:alice", idAt(3));
      expect((await list(api)).bob).toEqual({ unread: 0, read: idAt(3) });
      await api.store.marks.keep([{ user: "bob", with: "alice", id: idAt(2) }]);
      expect((await list(api)).bob.readBy).toBe(readReceipts ? idAt(2) : undefined);
      await api.stop();
      server = undefined;
    }
  });

  it("P71: the first page has the public room, and later ones don't", async () => {
    const api = await start(
      [
        message(1, { from: "bob", to: "" }),
        message(2, { from: "carol", to: "" }),
        fromBob(3),
        message(4, { from: "carol", to: "" }),
      ],
      [1, 2],
    );
    api.marks.set("alice:", idAt(1));
    const { public: room } = await list(api);
    expect(room).toMatchObject({ unread: 2, read: idAt(1), last: { id: idAt(4), from: "carol" } });
    expect(room.readBy).toBeUndefined();
    expect((await list(api, `/conversations?before=${idAt(3)}`)).public).toBeUndefined();
  });

  it("P71: an empty public room has no last message", async () => {
    const api = await start([fromBob(1), fromBob(2)], [1, 2]);
    expect((await list(api)).public).toEqual({ unread: 0 });
  });

  it("P71: looks at the newest 100 messages after the mark", async () => {
    const api = await start(
      Array.from({ length: 130 }, (_, n) => fromBob(n + 1)),
      Array.from({ length: 100 }, (_, n) => n + 1),
    );
    expect(await list(api)).toMatchObject({ bob: { unread: 100 } });
    api.marks.set("alice:bob", idAt(31));
    expect(await list(api)).toMatchObject({ bob: { unread: 99 } });
  });

  it("G5: long unread messages cost no more than short ones, and the log's end isn't read for each conversation", async () => {
    const peers = ["bob", "carol", "dave"];
    const content = "x".repeat(8_000);
    const log = Array.from({ length: 90 }, (_, n) =>
      message(n + 1, { from: peers[n % 3] ?? "", to: "alice", content }),
    );
    const whole: number[] = [];
    const wrap = (store: Store) => {
      const { page } = store;
      return Object.assign(store, {
        page: async (...[conversation, options]: Parameters<Store["page"]>) => {
          const messages = await page.call(store, conversation, options);
          whole.push(messages.filter((one) => one.content !== "").length);
          return messages;
        },
      });
    };
    // With their contents, the messages of one list would be nearly two thirds of what may be read.
    const limits = { ...LIMITS, readBytesPerSecond: 300_000 };
    const { server: api, tail } = await startFullyStored(log, { limits }, wrap);
    server = api;
    const before = tail.positions;
    for (let round = 0; round < 5; round += 1) {
      const states = await list(api);
      expect(peers.map((peer) => states[peer].unread)).toEqual([30, 30, 30]);
    }
    expect(Math.max(...whole)).toBe(0);
    expect(tail.positions - before).toBe(15);
  });
});
