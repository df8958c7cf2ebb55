import { contentDigest, type LogChange, type LogMessage, timestampOf } from "@parley/models";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startPartlyStored } from "../test/partly-stored.ts";
import type { RunningApi } from "../test/running-api.ts";
import { edit, idAt, message } from "../test/scripted-tail.ts";

let server: RunningApi;

function deletion(seq: number, { id, from, to, ...kept }: LogMessage): LogChange {
  return { kind: "delete", change: idAt(seq), from, to, id, digest: contentDigest(kept) };
}

const meta = '{"b":[1,2.50],"a":"x"}';
/** 1, 2 and the edit of 1 are stored. 3 and the other changes are pending. */
const LOG = [
  message(1, { meta }),
  message(2, { content: "secret", meta }),
  message(3, { meta }),
  message(4, { to: "" }),
];
const [one, two, three] = LOG as [LogMessage, LogMessage, LogMessage];
const STORED = [edit(5, one)];
const PENDING = [deletion(6, two), { ...edit(7, three), meta: '{"c":1}' }];

const shown = ({ id, from, to }: LogMessage, rest: object) => ({
  id,
  from,
  to,
  timestamp: timestampOf(id),
  ...rest,
});
const PRESENT = [
  shown(one, { content: "edited at 5", change: idAt(5), edited: true }),
  shown(two, { content: "", change: idAt(6), deleted: true }),
  shown(three, { content: "edited at 7", meta: { c: 1 }, change: idAt(7), edited: true }),
];

beforeEach(async () => {
  const { server: started, tail } = await startPartlyStored(LOG, [1, 2, 4]);
  server = started;
  await server.store.change(STORED, { watermark: idAt(4) });
  tail.append(...STORED, ...PENDING);
});
afterEach(() => server.stop());

describe("P75: present content, stored and pending", () => {
  it.each([
    ["/messages/bob", (body: unknown) => body],
    ["/messages/bob?limit=3", (body: unknown) => body],
    ["/sync", ({ messages }: { messages: { to: string }[] }) => messages.filter(({ to }) => to === "bob")],
  ])("GET %s", async (path, messagesOf) => {
    const { body } = await server.request(path);
    expect(messagesOf(body)).toEqual(PRESENT);
    expect(JSON.stringify(body)).not.toContain("secret");
  });

  it("GET /message/:id and /conversations, and an unchanged message has none of the fields", async () => {
    for (const expected of PRESENT) {
      const { body } = await server.request(`/message/${expected.id}`, { user: "bob" });
      expect(body).toEqual(expected);
    }
    const { body } = await server.request("/conversations");
    expect(body.conversations).toEqual([{ with: "bob", last: PRESENT[2] }]);
    const [public4] = (await server.request("/messages")).body;
    expect(Object.keys(public4)).toEqual(["id", "from", "to", "content", "timestamp"]);
  });

  it("P72, P76: meta is sent as it was written, and a deletion that was stored first is final", async () => {
    const response = await server.fetch(`/message/${three.id}`);
    expect(await response.text()).toContain(`"content":"edited at 7","meta":{"c":1},"timestamp"`);
    await server.store.insert([three]);
    await server.store.change([deletion(8, one), deletion(9, three), PENDING[1] ?? deletion(10, one)], {
      watermark: idAt(4),
    });
    const { body } = await server.request("/messages/bob");
    expect(body.map(({ content }: { content: string }) => content)).toEqual(["", "", ""]);
  });
});
