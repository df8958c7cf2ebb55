import { formatId, type StoredMessage } from "@parley/models";
import { expect, it } from "vitest";
import { encodeMessages } from "./encode-messages.ts";

const CHUNK_LENGTH = 64 * 1024;

function messagesOf(count: number): StoredMessage[] {
  return Array.from({ length: count }, (_, seq) => ({
    id: formatId({ ms: 1_700_000_000_000, seq }),
    from: "alice",
    to: "bob",
    content: "ü".repeat(500),
  }));
}

it("G5: encodes at most a chunk at once, and the chunks together are the whole text", () => {
  const [messages, changes] = [messagesOf(1_000), messagesOf(3)];
  const encoding = encodeMessages([
    { messages, envelope: { before: '{"messages":[', after: "]," } },
    { messages: changes, envelope: { before: '"changes":[', after: "]}", item: ({ id }) => `"${id}"` } },
  ]);
  const chunks: Buffer[] = [];
  let step = encoding.next();
  for (; !step.done; step = encoding.next()) chunks.push(step.value);
  expect(chunks.length).toBeGreaterThan(5);
  for (const chunk of chunks) {
    const { length } = chunk.toString();
    expect(length).toBeGreaterThanOrEqual(CHUNK_LENGTH);
    expect(length).toBeLessThan(CHUNK_LENGTH + 1_000);
  }
  const body = JSON.parse(Buffer.concat([...chunks, step.value]).toString());
  expect(body.messages.map(({ id, content }: StoredMessage) => ({ id, content }))).toEqual(
    messages.map(({ id, content }) => ({ id, content })),
  );
  expect(body.changes).toEqual(changes.map(({ id }) => id));
});

it("encodes no messages as the text around them", () => {
  const { value, done } = encodeMessages([{ messages: [], envelope: { before: "[", after: "]" } }]).next();
  expect([value.toString(), done]).toEqual(["[]", true]);
});
