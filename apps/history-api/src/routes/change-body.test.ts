import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { until } from "@parley/async";
import type { EntryDraft } from "@parley/models";
import { afterEach, beforeEach, expect, it } from "vitest";
import { RunningApi, tokenOf } from "../test/running-api.ts";
import { idAt, message, ScriptedTail } from "../test/scripted-tail.ts";

let server: RunningApi;
let appended: EntryDraft[];

beforeEach(async () => {
  const tail = new ScriptedTail();
  appended = [];
  const append = async (drafts: readonly EntryDraft[]) => {
    appended.push(...drafts);
    return drafts.map(() => ({ ok: true, id: idAt(9) }) as const);
  };
  server = await RunningApi.start(
    () => {
      tail.append(message(1));
      return tail;
    },
    { rate: { perSecond: 1, burst: 1e6 } },
    (store) => store,
    { append },
  );
  await until(() => server.api.problems().length === 0);
});
afterEach(() => server.stop());

const BODY = JSON.stringify({ content: "edited", ref: "e" });

/** Begins to edit the message 1, and sends the first bytes of the body. */
async function begin(body: string, length = BODY.length): Promise<ClientRequest> {
  const headers = {
    authorization: `Bearer ${await tokenOf("alice")}`,
    "content-type": "application/json",
    "content-length": length,
  };
  const req = request(`${server.url}/message/${idAt(1)}`, { method: "PATCH", headers, agent: false });
  req.on("error", () => undefined).write(body);
  return req;
}

async function answerOf(req: ClientRequest) {
  const [response] = (await once(req, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const { code } = JSON.parse(Buffer.concat(chunks).toString());
  return { status: response.statusCode, code, connection: response.headers.connection };
}

const unanswered = () => {
  const loads = server.events.filter((event) => event.type === "load");
  return loads.at(-1)?.unansweredChanges;
};

it("G5, P73: a user over the limit on reading is refused before the body is read", async () => {
  // The server reads 256 KiB a second. Bodies that begin at the same time take the user seconds beyond that.
  const rest = "x".repeat(60_000);
  const begun = await Promise.all(Array.from({ length: 30 }, () => begin("{", rest.length + 1)));
  await until(() => unanswered() === begun.length, "requests whose tokens were accepted");
  for (const req of begun) req.end(rest);
  for (const answer of await Promise.all(begun.map(answerOf))) expect(answer.code).toBe("invalid_json");
  expect(await answerOf(await begin("{"))).toEqual({
    status: 429,
    code: "rate_limited",
    connection: "close",
  });
  expect(appended).toEqual([]);
});

it("P65: a user who is blocked while the body of an edit is on its way edits nothing", async () => {
  const req = await begin(BODY.slice(0, 5));
  await until(() => unanswered() === 1, "a request whose token was accepted");
  await server.revocations.revoke({ user: "alice", until: Date.now() + 60_000 });
  req.end(BODY.slice(5));
  expect(await answerOf(req)).toMatchObject({ status: 403, code: "user_blocked" });
  expect(appended).toEqual([]);
});
