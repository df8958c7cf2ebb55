import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { until } from "@parley/async";
import { idAfter, type LogMessage } from "@parley/models";
import { expect, it } from "vitest";
import type { TailSnapshot } from "../log-tail/log-follower.ts";
import { TailRefs } from "../log-tail/tail-refs.ts";
import { noDeadline } from "../test/no-deadline.ts";
import { idAt, message } from "../test/scripted-tail.ts";
import { ConversationReader } from "./conversation-reader.ts";
import { RefLookup } from "./ref-lookup.ts";
import { StepSize } from "./step-size.ts";

const MESSAGES = 1_200;
const LOG = Array.from({ length: MESSAGES }, (_, n) => message(n + 1, { content: "x".repeat(50) }));

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** A store that has the first `stored` messages of the log. */
function storeOf(stored: number) {
  return {
    page: async (
      _: string,
      { after = "", before = "~", limit }: { after?: string; before?: string; limit: number },
    ) =>
      LOG.slice(0, stored)
        .filter(({ id }) => id > after && id < before)
        .slice(0, limit),
    findByRef: async () => [],
  };
}

function tailOf(pending: readonly LogMessage[]): TailSnapshot {
  return {
    position: idAt(MESSAGES),
    since: idAt(0),
    pending: { entries: pending, length: pending.length },
    changes: { entries: [], length: 0 },
    refs: new TailRefs(),
  };
}

it("G5, L19: holds no tail between two parts, and a later part finds what is pending then", async () => {
  const later: string[] = [];
  const follower = {
    later(position: string) {
      later.push(position);
      return tailOf(LOG.slice(1_100));
    },
  };
  let snapshot: TailSnapshot | undefined = tailOf([...LOG]);
  const held = new WeakRef(snapshot);
  const reader = new ConversationReader({
    follower,
    store: storeOf(1_150) as never,
    refLookup: new RefLookup(storeOf(1_150), () => undefined),
    stepSize: new StepSize(),
    conversation: "alice:bob",
    snapshot,
    after: idAt(0),
    before: idAfter(idAt(MESSAGES)),
  });
  snapshot = undefined;
  const read = [...(await reader.next(noDeadline()))];
  expect(read.length).toBeLessThan(MESSAGES);
  // A WeakRef keeps its target alive until the current job of the event loop ends, so this waits for another job.
  await until(() => {
    collectGarbage();
    return held.deref() === undefined;
  });
  while (!reader.isDone) read.push(...(await reader.next(noDeadline())));
  expect(read.map(({ id }) => id)).toEqual(LOG.map(({ id }) => id));
  expect(later.length).toBeGreaterThan(0);
  expect(new Set(later)).toEqual(new Set([idAt(MESSAGES)]));
  expect(idAfter(idAt(MESSAGES)) > (read.at(-1)?.id ?? "~")).toBe(true);
});
