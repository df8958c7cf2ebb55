import { until } from "@parley/async";
import { expect, it } from "vitest";
import { describeSplit } from "../rig/shapes.ts";
import { describeShapes, type Json, useDeployment } from "./suite.ts";

interface Entries {
  readonly messages: Json[];
  readonly changes: Json[];
}

await describeShapes("edits and deletions", {}, (suite) => {
  const { request } = suite;
  const read = (user: string, path: string) => suite.read<Entries>(user, path);
  const patch = (user: string, path: string, body: object) => request(user, path, { method: "PATCH", body });

  it("P73, P74, P75: an edit and a deletion are heard, are in history at once, and in /sync", async () => {
    const [alice, bob] = [await suite.connect(0, "alice"), await suite.connect(1, "bob")];
    const { id } = await alice.send("bob", "first", "1");
    const edit = { content: "second", ref: "e1" };
    const edited = await patch("alice", `/message/${id}`, edit);
    expect(edited.status).toBe(200);
    const change = edited.body.id;
    const message = { id, from: "alice", to: "bob", content: "second", change, edited: true };
    expect(await read("bob", "/messages/alice")).toMatchObject([message]);
    const heard = (type: string) => (bob.frames as Json[]).find((frame) => frame.type === type);
    await until(() => heard("edited") !== undefined, "the frame of the edit");
    expect(heard("edited")).toEqual({
      ...{ type: "edited", change, from: "alice", to: "bob", id, content: "second" },
      timestamp: edited.body.timestamp,
    });
    expect(await patch("alice", `/message/${id}`, edit)).toEqual(edited);
    const deleted = await request("mod", `/message/${id}?ref=d1`, { method: "DELETE", scopes: ["moderate"] });
    expect(deleted.status).toBe(200);
    await until(() => heard("deleted") !== undefined, "the frame of the deletion");
    expect(heard("deleted")).toMatchObject({ change: deleted.body.id, id, by: "mod" });
    const gone = { id, content: "", change: deleted.body.id, deleted: true };
    const changes = [
      { type: "edited", change, message: gone },
      { type: "deleted", change: deleted.body.id, by: "mod", message: gone },
    ];
    expect(await read("bob", `/sync?after=${id}`)).toMatchObject({ messages: [], changes });
    expect(await read("bob", "/sync")).toMatchObject({ messages: [gone], changes });
    expect(await patch("alice", `/message/${id}`, { content: "third", ref: "e2" })).toMatchObject({
      status: 410,
      body: { code: "message_deleted" },
    });
    expect(await patch("alice", `/message/${id}`, edit)).toEqual(edited);
  });

  it("P72, P75: a message's `meta` is heard, is in history, and stays when an edit doesn't name one", async () => {
    const meta = { order: 17, x: [1.5, { y: null }] };
    const bob = await suite.connect(1, "bob");
    const message = { to: "bob", content: "first", meta, ref: "m1" };
    const { id } = (await request("frank", suite.sendUrl(0), { method: "POST", body: message })).body;
    const heard = (type: string) =>
      (bob.frames as Json[]).find((frame) => frame.type === type && frame.id === id);
    await until(() => heard("message"), "the frame of the message");
    expect(heard("message")).toMatchObject({ content: "first", meta });
    const path = `/message/${id}`;
    expect((await patch("frank", path, { content: "second", ref: "e1" })).status).toBe(200);
    await until(() => heard("edited"), "the frame of the edit");
    expect(heard("edited")).toMatchObject({ content: "second", meta });
    expect((await patch("frank", path, { content: "third", meta: {}, ref: "e2" })).status).toBe(200);
    expect(await read("bob", "/messages/frank")).toMatchObject([
      { id, content: "third", meta: {}, edited: true },
    ]);
  });

  it("P73: only those who may see a message learn that it exists, and only its sender may edit it", async () => {
    const { id } = await (await suite.connect(0, "carol")).send("dave", "private", "1");
    const edit = { content: "changed", ref: "e1" };
    expect((await patch("erin", `/message/${id}`, edit)).status).toBe(404);
    expect((await request("erin", `/message/${id}?ref=d`, { method: "DELETE" })).status).toBe(404);
    expect((await patch("dave", `/message/${id}`, edit)).status).toBe(403);
    expect(await read("dave", "/messages/carol")).toMatchObject([{ id, content: "private" }]);
  });
});

await describeSplit("a log of format 1", { persisterEnv: { ENTRIES: "1" } }, (deployment) => {
  const suite = useDeployment(async () => deployment);

  it("P72, L25: answers `not_enabled` to a message with `meta`", async () => {
    const carol = await suite.connect(0, "carol");
    carol.socket.send(JSON.stringify({ to: "bob", content: "x", meta: {}, ref: "1" }));
    await until(() => (carol.frames as Json[]).some(({ code }) => code === "not_enabled"), "the error");
    expect(await suite.read("bob", "/messages/carol")).toEqual([]);
  });

  it("P73, L25: answers `not_enabled`, and the message stays", async () => {
    const { id } = await (await suite.connect(0, "alice")).send("bob", "first", "1");
    expect(await suite.request("alice", `/message/${id}?ref=d`, { method: "DELETE" })).toMatchObject({
      status: 409,
      body: { code: "not_enabled" },
    });
    expect(await suite.read("bob", "/messages/alice")).toMatchObject([{ content: "first" }]);
  });
});
