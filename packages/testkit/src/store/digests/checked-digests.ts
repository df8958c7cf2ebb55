import { contentDigest, type StoredMessage } from "@parley/models";
import type { Store } from "@parley/store";
import { expect } from "vitest";

/**
 * Wraps a store for tests that change no contents. Checks that each message that is read has the digest of its content
 * (L29), and removes the digest, so that messages can be compared with those that were inserted.
 */
export function withCheckedDigests(store: Store): Store {
  const all = async function* (...args: Parameters<Store["all"]>) {
    for await (const message of store.all(...args)) yield withoutDigest(message);
  };
  return {
    marks: store.marks,
    prepare: (options) => store.prepare(options),
    upgrade: (signal) => store.upgrade(signal),
    insert: (messages, options) => store.insert(messages, options),
    change: (changes, options) => store.change(changes, options),
    lastId: () => store.lastId(),
    page: async (...args) => (await store.page(...args)).map(withoutDigest),
    all,
    sync: async (...args) => (await store.sync(...args)).map(withoutDigest),
    feed: async (...args) => (await store.feed(...args)).map(withoutDigest),
    conversations: async (...args) => {
      const { messages, next } = await store.conversations(...args);
      return { messages: messages.map(withoutDigest), next };
    },
    findByRef: async (...args) => (await store.findByRef(...args)).map(withoutDigest),
    findById: async (...args) => {
      const message = await store.findById(...args);
      return message && withoutDigest(message);
    },
    findByIds: async (...args) => {
      const found = await store.findByIds(...args);
      return new Map([...found].map(([id, message]) => [id, withoutDigest(message)]));
    },
    changes: (...args) => store.changes(...args),
    findChange: (...args) => store.findChange(...args),
    revocations: store.revocations,
    ping: () => store.ping(),
    close: () => store.close(),
  };
}

function withoutDigest({ digest, ...message }: StoredMessage): StoredMessage {
  expect(digest).toBe(contentDigest(message));
  return message;
}
