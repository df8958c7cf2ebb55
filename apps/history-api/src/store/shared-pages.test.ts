import { formatId, type LogMessage, ORIGIN, type StoredMessage } from "@parley/models";
import { describe, expect, it } from "vitest";
import type { TailSnapshot } from "../log-tail/log-follower.ts";
import { RecentMessages } from "../log-tail/recent-messages.ts";
import { History, type HistoryDeps } from "../queries/history.ts";
import { RefLookup } from "../queries/ref-lookup.ts";
import { noDeadline } from "../test/no-deadline.ts";
import { idAt } from "../test/scripted-tail.ts";
import { SharedPages } from "./shared-pages.ts";

const tail = { since: formatId({ ms: 1, seq: 0 }), position: formatId({ ms: 9, seq: 0 }) };
const query = { conversation: "a:b", limit: 51, newest: true };
const found: readonly StoredMessage[] = [
  { id: formatId({ ms: 5, seq: 0 }), from: "a", to: "b", content: "x" },
];

/** A store whose reads end when the test says so. */
function start() {
  const pages = new SharedPages();
  const reads: (PromiseWithResolvers<readonly StoredMessage[]> & { readonly signal: AbortSignal })[] = [];
  const page = (of = { tail, query }, signal = new AbortController().signal) =>
    pages.read(
      of,
      (shared) => {
        const read = { ...Promise.withResolvers<readonly StoredMessage[]>(), signal: shared };
        reads.push(read);
        return read.promise;
      },
      signal,
    );
  return { reads, page };
}

describe("reads of pages that are shared", () => {
  it("G5: requests for the same page with equal snapshots share a read in progress, and its failure", async () => {
    const { reads, page } = start();
    const both = Promise.all([page(), page()]);
    reads[0]?.resolve(found);
    expect(await both).toEqual([found, found]);
    expect(reads).toHaveLength(1);
    const failing = Promise.allSettled([page(), page()]);
    reads[1]?.reject(new Error("slow"));
    expect((await failing).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(reads).toHaveLength(2);
  });

  it("P56: a read that has ended is never used again, nor one for another range or another snapshot", async () => {
    const { reads, page } = start();
    const first = page();
    reads[0]?.resolve(found);
    await first;
    const others = [
      { tail, query },
      { tail, query: { ...query, limit: 50 } },
      { tail: { ...tail, since: formatId({ ms: 2, seq: 0 }) }, query },
      { tail: { ...tail, position: formatId({ ms: 10, seq: 0 }) }, query },
    ].map((of) => page(of));
    expect(reads).toHaveLength(5);
    for (const read of reads) read.resolve([]);
    expect(await Promise.all(others)).toEqual([[], [], [], []]);
  });

  it("a client that leaves doesn't end the read of others, and the last one ends it for good", async () => {
    const { reads, page } = start();
    const [one, two] = [new AbortController(), new AbortController()];
    const left = Promise.allSettled([page(undefined, one.signal), page(undefined, two.signal)]);
    one.abort(new Error("gone"));
    await Promise.resolve();
    expect(reads[0]?.signal.aborted).toBe(false);
    two.abort(new Error("gone, too"));
    expect((await left).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(reads[0]?.signal.reason).toEqual(new Error("gone, too"));
    const next = page();
    expect(reads).toHaveLength(2);
    reads[0]?.reject(new Error("aborted"));
    reads[1]?.resolve(found);
    expect(await next).toBe(found);
  });
});

it("P56, L19: a message that was stored and dropped from the tail during a read is in the next request's page", async () => {
  const recent = new RecentMessages(ORIGIN);
  const message: LogMessage = { id: idAt(1), from: "a", to: "", content: "x" };
  recent.add([message]);
  const snapshot = async (): Promise<TailSnapshot> => ({
    position: message.id,
    since: recent.since,
    pending: recent.viewMessages(),
    changes: recent.viewChanges(),
    refs: recent.refs,
  });
  const answers: ((messages: readonly StoredMessage[]) => void)[] = [];
  const store = {
    page: () => new Promise<readonly StoredMessage[]>((resolve) => answers.push(resolve)),
  } as unknown as HistoryDeps["store"];
  const observe = () => undefined;
  const follower = { snapshot, later: () => expect.unreachable() };
  const history = new History({
    follower,
    store,
    refLookup: new RefLookup(store as never, observe),
    observe,
  });
  const page = () =>
    history.readPage("a", "", { after: undefined, before: undefined, limit: 5, newest: true }, noDeadline());
  const [first, alike] = [page(), page()];
  await expect.poll(() => answers).toHaveLength(1);
  recent.dropUpTo(message.id);
  const second = page();
  await expect.poll(() => answers).toHaveLength(2);
  answers[0]?.([]);
  answers[1]?.([message]);
  for (const { messages } of await Promise.all([first, alike, second])) expect(messages).toEqual([message]);
});
