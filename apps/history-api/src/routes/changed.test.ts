import { contentDigest, type LogChange, type LogMessage, timestampOf } from "@parley/models";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startPartlyStored } from "../test/partly-stored.ts";
import type { RunningApi } from "../test/running-api.ts";
import { edit, idAt, message, type ScriptedTail } from "../test/scripted-tail.ts";

let server: RunningApi;
let tail: ScriptedTail;

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
  ({ server, tail } = await startPartlyStored(LOG, [1, 2, 4]));
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

  it("GET /sync: has the changes for the same range, and pages that end where one of the lists is full", async () => {
    const changes = [
      { change: idAt(5), type: "edited", message: PRESENT[0] },
      { change: idAt(6), type: "deleted", message: PRESENT[1] },
      { change: idAt(7), type: "edited", message: PRESENT[2] },
    ].map((change) => ({ ...change, timestamp: timestampOf(change.change) }));
    const { body } = await server.request(`/sync?after=${idAt(3)}`, { user: "bob" });
    expect(body).toMatchObject({ messages: [{ id: idAt(4) }], changes, cursor: idAt(7), more: false });
    const first = await server.request(`/sync?after=${idAt(3)}&limit=2`);
    expect(first.body).toEqual({ ...body, changes: changes.slice(0, 2), cursor: idAt(6), more: true });
    const second = await server.request(`/sync?limit=2&after=${first.body.cursor}`);
    expect(second.body).toEqual({ messages: [], changes: changes.slice(2), cursor: idAt(7), more: false });
    const stranger = await server.request(`/sync?after=${idAt(3)}`, { user: "zoe" });
    expect(stranger.body).toMatchObject({ messages: [{ id: idAt(4) }], changes: [] });
  });

  it("L28, P75: a change of a message that doesn't exist, or is another one, isn't shown", async () => {
    tail.append(edit(8, { ...one, content: "of an earlier log" }), edit(9, message(0)), edit(10, two));
    const { body } = await server.request(`/sync?after=${idAt(7)}`);
    expect(body).toMatchObject({
      messages: [],
      changes: [{ change: idAt(10) }],
      cursor: idAt(10),
      more: false,
    });
    expect(body.changes).toHaveLength(1);
  });

  it("P74, P75: the change of a moderator names them", async () => {
    const change = { ...deletion(6, one), by: "mod" };
    await server.store.change([change], { watermark: idAt(4) });
    const { body } = await server.request(`/sync?after=${idAt(5)}&limit=1`);
    expect(body.changes).toMatchObject([
      { type: "deleted", by: "mod", change: change.change, message: { id: one.id } },
    ]);
  });

  it("GET /message/:id and /conversations, and an unchanged message has none of the fields", async () => {
    for (const expected of PRESENT) {
      const { body } = await server.request(`/message/${expected.id}`, { user: "bob" });
      expect(body).toEqual(expected);
    }
    const { body } = await server.request("/conversations");
    expect(body.conversations).toMatchObject([{ with: "bob", last: PRESENT[2] }]);
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
