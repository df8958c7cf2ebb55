import { until } from "@parley/async";
import { expect, it, onTestFinished } from "vitest";
import { RunningApi } from "../test/running-api.ts";
import { idAt, message, ScriptedTail } from "../test/scripted-tail.ts";

/** Starts a server that has two messages of alice, and limits the bytes of a user. */
async function start(perSecond: number, burst: number) {
  const tail = new ScriptedTail();
  const server = await RunningApi.start(
    () => {
      tail.append(message(1), message(2));
      return tail;
    },
    {
      maxContentBytes: 60_000,
      rate: { perSecond: 1_000, burst: 1_000, bytes: { perSecond, burst } },
    },
    (store) => store,
    { append: async (drafts) => drafts.map((_, n) => ({ ok: true, id: idAt(9 + n) })) },
  );
  onTestFinished(() => server.stop());
  await until(() => server.api.problems().length === 0);
  return server;
}

it("P73, G5: an edit counts with the longest content that each reader may get for it", async () => {
  const server = await start(1_000, 61_000);
  const edit = async (ref: string) => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ content: ref, ref });
    return (await server.fetch(`/message/${idAt(1)}`, { method: "PATCH", headers, body } as never)).status;
  };
  expect(await edit("a")).toBe(200);
  expect(await edit("b")).toBe(429);
});

it("P73, G5: a deletion counts with the frame that each reader gets", async () => {
  const server = await start(11, 1_100);
  const remove = async (seq: number) =>
    (await server.fetch(`/message/${idAt(seq)}?ref=d${seq}`, { method: "DELETE" })).status;
  expect(await remove(1)).toBe(200);
  expect(await remove(2)).toBe(429);
});
