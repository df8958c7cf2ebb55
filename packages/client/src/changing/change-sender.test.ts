import { describe, expect, it } from "vitest";
import { closedError, ParleyError } from "../errors.ts";
import type { ChangeRequest } from "../http/http-client.ts";
import type { Receipt } from "../wire.ts";
import { ChangeSender } from "./change-sender.ts";

const RECEIPT: Receipt = { id: "9", timestamp: "" };
const ID = "1752674400123-0000000000-00";
const temporary = (code: string) => new ParleyError(code, code, { temporary: true });

/** A sender whose requests get these answers, in their order. The last one is repeated. */
function senderWith(
  answers: readonly (Receipt | ParleyError | Promise<Receipt>)[],
  { deadlineMs = 60_000, maxPending = 10 } = {},
) {
  const requests: ChangeRequest[] = [];
  const closing = new AbortController();
  const sender = new ChangeSender({
    limits: { deadlineMs, maxPending, backoff: { baseMs: 1, maxMs: 2 } },
    http: {
      change: async (request, signals) => {
        const answer = answers[Math.min(requests.push(request), answers.length) - 1];
        if (answer instanceof ParleyError) throw answer;
        const aborted = new Promise<never>((_resolve, reject) => {
          for (const signal of signals)
            signal.addEventListener("abort", () => reject(new ParleyError("aborted", "aborted")));
        });
        return Promise.race([answer as Receipt | Promise<Receipt>, aborted]);
      },
    },
    closing: closing.signal,
    closedError: (details) => closedError(undefined, details),
  });
  return { sender, requests, closing };
}

describe("a change", () => {
  it("P73: is retried after temporary errors under the same ref, with the same body", async () => {
    const { sender, requests } = senderWith([temporary("unreachable"), temporary("backlog_full"), RECEIPT]);
    expect(await sender.edit(ID, "new", { meta: { n: 1 } })).toEqual(RECEIPT);
    expect(requests).toHaveLength(3);
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({
      content: "new",
      meta: { n: 1 },
      ref: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(await sender.remove(ID, { ref: "a&b" })).toEqual(RECEIPT);
    expect(requests.at(-1)).toEqual({ id: ID, method: "DELETE", query: "?ref=a%26b" });
  });

  it("P73: is refused at once by any other error, which says what the server said", async () => {
    const { sender, requests } = senderWith([new ParleyError("message_deleted", "gone")]);
    await expect(sender.edit(ID, "new", {})).rejects.toMatchObject({
      code: "message_deleted",
      temporary: false,
    });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ["unreachable", "outcome_unknown", true],
    ["rate_limited", "not_sent", false],
  ])("P31: that ends at its deadline with %s is %s", async (failure, code, mayHaveGoneThrough) => {
    const { sender } = senderWith([temporary(failure)], { deadlineMs: 20 });
    await expect(sender.remove(ID, {})).rejects.toMatchObject({ code, mayHaveGoneThrough });
  });

  it("ends when it is aborted or the client is closed", async () => {
    const never = new Promise<Receipt>(() => undefined);
    const aborted = senderWith([RECEIPT]);
    const given = aborted.sender.edit(ID, "x", { signal: AbortSignal.abort() });
    await expect(given).rejects.toMatchObject({ code: "not_sent", mayHaveGoneThrough: false });
    expect(aborted.requests).toEqual([]);
    const { sender, closing, requests } = senderWith([never]);
    const sent = sender.edit(ID, "x", {});
    await expect.poll(() => requests.length).toBe(1);
    closing.abort();
    await expect(sent).rejects.toMatchObject({ code: "closed", mayHaveGoneThrough: true });
  });

  it("P76: of a message waits for the earlier changes of this message, and for no other", async () => {
    const { promise, resolve } = Promise.withResolvers<Receipt>();
    const { sender, requests } = senderWith([promise, RECEIPT]);
    const first = sender.edit(ID, "1", {});
    const second = sender.edit(ID, "2", {});
    await sender.edit(ID.replace("00", "01"), "3", {});
    const contents = () => requests.map(({ body = "" }) => JSON.parse(body).content);
    expect(contents()).toEqual(["1", "3"]);
    resolve(RECEIPT);
    await Promise.all([first, second]);
    expect(contents()).toEqual(["1", "3", "2"]);
  });

  it("G5: is refused while too many are pending", async () => {
    const { sender } = senderWith([new Promise<Receipt>(() => undefined)], { maxPending: 1 });
    void sender.edit(ID, "1", {});
    await expect(sender.edit(ID, "2", {})).rejects.toMatchObject({ code: "queue_full", temporary: true });
  });

  it.each([[[]], ["text"], [null], [{ n: 1n }]])(
    "P72: with a meta that isn't JSON is refused at once",
    async (meta) => {
      const { sender, requests } = senderWith([RECEIPT]);
      const edited = sender.edit(ID, "x", { meta: meta as never });
      await expect(edited).rejects.toMatchObject({ code: "invalid_message" });
      expect(requests).toEqual([]);
    },
  );
});
