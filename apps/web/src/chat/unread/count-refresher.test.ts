import type { ConversationsPage, ParleyClient } from "@parley/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CountRefresher } from "./count-refresher.ts";

/** A client whose responses the test gives. */
class Responses {
  readonly requests: (string | undefined)[] = [];
  #answer: ((page: ConversationsPage | undefined) => void) | undefined;

  readonly client = {
    conversations: ({ before }: { before?: string | undefined }) => {
      this.requests.push(before);
      return new Promise<ConversationsPage>((resolve, reject) => {
        this.#answer = (page) => (page ? resolve(page) : reject(new Error("unreachable")));
      });
    },
  } as unknown as ParleyClient;

  /** Answers the request that waits. Without a page, it fails. */
  async answer(page?: ConversationsPage): Promise<void> {
    this.#answer?.(page);
    await vi.advanceTimersByTimeAsync(0);
  }
}

const page = (next?: string): ConversationsPage => ({ conversations: [], ...(next && { next }) });

describe("reading the unread counts again", () => {
  let responses: Responses;
  let refresher: CountRefresher;
  let listed = 0;

  beforeEach(() => {
    vi.useFakeTimers();
    listed = 0;
    responses = new Responses();
    refresher = new CountRefresher({
      client: () => responses.client,
      begun: () => undefined,
      listed: () => {
        listed += 1;
      },
      needsOlder: (next) => next === "needed",
    });
  });
  afterEach(() => {
    refresher.close();
    vi.useRealTimers();
  });

  it("makes one request for several events, and another one for an event after it was sent", async () => {
    for (let times = 0; times < 3; times += 1) refresher.request();
    await vi.advanceTimersByTimeAsync(100);
    expect(responses.requests).toEqual([undefined]);
    refresher.request();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(responses.requests).toHaveLength(1);
    await responses.answer(page());
    await vi.advanceTimersByTimeAsync(500);
    expect(responses.requests).toHaveLength(2);
    await responses.answer(page());
    await vi.advanceTimersByTimeAsync(600_000);
    expect([responses.requests.length, listed]).toEqual([2, 2]);
  });

  it("reads older pages as long as they may have other counts", async () => {
    refresher.requestNow();
    await vi.advanceTimersByTimeAsync(0);
    await responses.answer(page("needed"));
    await responses.answer(page("not needed"));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(responses.requests).toEqual([undefined, "needed"]);
  });

  it("tries again after a failure, more and more rarely, and at once when the client is live again", async () => {
    refresher.request();
    await vi.advanceTimersByTimeAsync(100);
    for (let failures = 0; failures < 20; failures += 1) {
      await responses.answer();
      await vi.advanceTimersByTimeAsync(60_000);
    }
    const { length } = responses.requests;
    await responses.answer();
    refresher.requestNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(responses.requests).toHaveLength(length + 1);
    await responses.answer(page());
    refresher.close();
    refresher.requestNow();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(responses.requests).toHaveLength(length + 1);
  });
});
