import { once } from "node:events";
import { type IncomingMessage, request as openRequest } from "node:http";
import { until } from "@parley/async";
import { type EntryDraft, isChange } from "@parley/models";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RunningApi, tokenOf } from "../test/running-api.ts";
import { idAt, message, ScriptedTail } from "../test/scripted-tail.ts";

let server: RunningApi;
let tail: ScriptedTail;
let appended: EntryDraft[];

beforeEach(async () => {
  tail = new ScriptedTail();
  appended = [];
  const append = async (drafts: readonly EntryDraft[]) => {
    appended.push(...drafts);
    return drafts.map(() => ({ ok: true, id: idAt(99) }) as const);
  };
  const start = () => {
    tail.append(message(1), message(2));
    return tail;
  };
  server = await RunningApi.start(start, {}, (store) => store, { append });
  await until(() => server.api.problems().length === 0);
});
afterEach(async () => {
  vi.restoreAllMocks();
  tail.releaseAll();
  await server.stop();
});

const block = () => server.revocations.revoke({ user: "alice", until: Date.now() + 60_000 });

/** Sends a request that waits for the log, and runs `meanwhile` before it goes on. */
async function answerAfter(meanwhile: () => unknown, path: string, method = "GET") {
  const held = tail.hold("position");
  const answer = server.request(path, { method });
  await held.reached;
  await meanwhile();
  held.release();
  return answer;
}

describe("a token that isn't accepted any more once its request has waited", () => {
  it.each(["/messages/bob", "/messages/bob?limit=1", "/sync", "/conversations", `/message/${idAt(1)}`])(
    "P65: GET %s tells nothing",
    async (path) => {
      expect(await answerAfter(block, path)).toMatchObject({ status: 403, body: { code: "user_blocked" } });
      await server.revocations.allow("alice", ["user"]);
      const later = Date.now() + 7_200_000;
      const expire = () => vi.spyOn(Date, "now").mockReturnValue(later);
      expect(await answerAfter(expire, path)).toMatchObject({ status: 401, body: { code: "token_expired" } });
    },
  );

  it("P65: a deletion isn't appended", async () => {
    const answer = await answerAfter(block, `/message/${idAt(1)}?ref=d`, "DELETE");
    expect(answer).toMatchObject({ status: 403, body: { code: "user_blocked" } });
    expect(appended).toEqual([]);
  });

  it("P65: an edit whose body comes after the block isn't appended, and one before it is", async () => {
    const statusOf = async (meanwhile: () => unknown) => {
      const body = JSON.stringify({ content: "edited", ref: "e" });
      const judged = vi.spyOn(server.revocations, "of").mockClear();
      const request = openRequest(`${server.url}/message/${idAt(1)}`, {
        method: "PATCH",
        headers: {
          authorization: `Bearer ${await tokenOf("alice")}`,
          "content-type": "application/json",
          "content-length": body.length,
        },
      });
      const response = once(request, "response") as Promise<[IncomingMessage]>;
      request.write(body.slice(0, 5));
      await until(() => judged.mock.calls.length > 0);
      await meanwhile();
      request.end(body.slice(5));
      return (await response)[0].resume().statusCode;
    };
    expect(await statusOf(() => undefined)).toBe(200);
    expect(appended.filter(isChange)).toHaveLength(1);
    expect(await statusOf(block)).toBe(403);
    expect(appended).toHaveLength(1);
  });
});
