import { until } from "@parley/async";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { type Deployment, describeSplit, startStandalone } from "../rig/shapes.ts";

type Json = Record<string, unknown>;

/** Defines tests of edits and deletions (P73 to P76). Deployments of either shape must pass them. */
function changeRules(start: () => Promise<Deployment>) {
  let deployment: Deployment;
  const clients: ChatClient[] = [];

  beforeAll(async () => {
    deployment = await start();
  });
  afterAll(async () => {
    for (const { socket } of clients) socket.terminate();
    await deployment?.stop();
  });

  async function request(
    method: "PATCH" | "DELETE",
    user: string,
    path: string,
    body?: object,
    scopes: string[] = [],
  ) {
    const authorization = `Bearer ${await deployment.token(user, { scopes })}`;
    const response = await fetch(`${deployment.historyUrl}${path}`, {
      method,
      headers: { authorization, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Json };
  }

  async function connected(gateway: 0 | 1, user: string): Promise<ChatClient> {
    const client = await ChatClient.connect(deployment.gateways[gateway], await deployment.token(user));
    clients.push(client);
    return client;
  }

  async function read(user: string, path: string) {
    return (await deployment.history(user, path)).json() as Promise<{ messages: Json[]; changes: Json[] }>;
  }

  it("P73, P74, P75: an edit and a deletion are heard, are in history at once, and in /sync", async () => {
    const [alice, bob] = [await connected(0, "alice"), await connected(1, "bob")];
    const { id } = await alice.send("bob", "first", "1");
    const edit = { content: "second", ref: "e1" };
    const edited = await request("PATCH", "alice", `/message/${id}`, edit);
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
    expect(await request("PATCH", "alice", `/message/${id}`, edit)).toEqual(edited);
    const deleted = await request("DELETE", "mod", `/message/${id}?ref=d1`, undefined, ["moderate"]);
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
    expect(await request("PATCH", "alice", `/message/${id}`, { content: "third", ref: "e2" })).toMatchObject({
      status: 410,
      body: { code: "message_deleted" },
    });
    expect(await request("PATCH", "alice", `/message/${id}`, edit)).toEqual(edited);
  });

  it("P72, P75: a message's `meta` is heard, is in history, and stays when an edit doesn't name one", async () => {
    const meta = { order: 17, x: [1.5, { y: null }] };
    const bob = await connected(1, "bob");
    const sent = await fetch(new URL("/send", deployment.gateways[0].replace("ws", "http")), {
      method: "POST",
      headers: {
        authorization: `Bearer ${await deployment.token("frank")}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ to: "bob", content: "first", meta, ref: "m1" }),
    });
    const { id } = (await sent.json()) as Json;
    const heard = (type: string) =>
      (bob.frames as Json[]).find((frame) => frame.type === type && frame.id === id);
    await until(() => heard("message"), "the frame of the message");
    expect(heard("message")).toMatchObject({ content: "first", meta });
    const path = `/message/${id}`;
    expect((await request("PATCH", "frank", path, { content: "second", ref: "e1" })).status).toBe(200);
    await until(() => heard("edited"), "the frame of the edit");
    expect(heard("edited")).toMatchObject({ content: "second", meta });
    expect((await request("PATCH", "frank", path, { content: "third", meta: {}, ref: "e2" })).status).toBe(
      200,
    );
    expect(await read("bob", "/messages/frank")).toMatchObject([
      { id, content: "third", meta: {}, edited: true },
    ]);
  });

  it("P73: only those who may see a message learn that it exists, and only its sender may edit it", async () => {
    const { id } = await (await connected(0, "carol")).send("dave", "private", "1");
    const edit = { content: "changed", ref: "e1" };
    expect((await request("PATCH", "erin", `/message/${id}`, edit)).status).toBe(404);
    expect((await request("DELETE", "erin", `/message/${id}?ref=d`)).status).toBe(404);
    expect((await request("PATCH", "dave", `/message/${id}`, edit)).status).toBe(403);
    expect(await read("dave", "/messages/carol")).toMatchObject([{ id, content: "private" }]);
  });
}

describe("edits and deletions, standalone", () => changeRules(startStandalone));

await describeSplit("edits and deletions, split", {}, (deployment) => {
  changeRules(async () => deployment);
});

await describeSplit("a log of format 1", { persisterEnv: { ENTRIES: "1" } }, (deployment) => {
  afterAll(() => deployment.stop());
  it("P72, L25: answers `not_enabled` to a message with `meta`", async () => {
    const carol = await ChatClient.connect(deployment.gateways[0], await deployment.token("carol"));
    carol.socket.send(JSON.stringify({ to: "bob", content: "x", meta: {}, ref: "1" }));
    await until(() => (carol.frames as Json[]).some(({ code }) => code === "not_enabled"), "the error");
    carol.socket.terminate();
    expect(await (await deployment.history("bob", "/messages/carol")).json()).toEqual([]);
  });

  it("P73, L25: answers `not_enabled`, and the message stays", async () => {
    const alice = await ChatClient.connect(deployment.gateways[0], await deployment.token("alice"));
    const { id } = await alice.send("bob", "first", "1");
    alice.socket.terminate();
    const response = await fetch(`${deployment.historyUrl}/message/${id}?ref=d`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${await deployment.token("alice")}` },
    });
    expect([response.status, ((await response.json()) as Json).code]).toEqual([409, "not_enabled"]);
    expect(await (await deployment.history("bob", "/messages/alice")).json()).toMatchObject([
      { content: "first" },
    ]);
  });
});
