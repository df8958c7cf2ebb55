import { applyChange, refKey, type StoredMessage } from "@parley/models";
import { expect } from "vitest";
import type { ModelLog } from "./model-log.ts";

/** The changes that an answer with this message must show, and those that it may show, given the log's end at the request. */
function changesOf({ id }: StoredMessage, { log, logChanges: changes }: ModelLog, end: string) {
  const first = log.find((logged) => logged.id === id);
  const key = first && refKey(first);
  const withRef = log.filter((logged) => key !== undefined && refKey(logged) === key);
  const same = withRef.filter(({ content }) => content === first?.content);
  const ids = new Set([id, ...same.map((logged) => logged.id)]);
  const possible = changes.filter((change) => ids.has(change.id));
  // If a ref was used for several contents, it depends on the persisters for which message an id stands.
  const isClear = same.length === withRef.length;
  const due = possible.filter((change) => change.change <= end && (isClear || change.id === id));
  return { first, possible, due };
}

/** Checks that a message isn't older than the log's end at the request, and is as its last change says. Counts changes. */
export function assertPresent(shown: StoredMessage, model: ModelLog, end: string, hint: string): number {
  const { first, possible, due } = changesOf(shown, model, end);
  if (!first) throw new Error(`${hint}: no such message`);
  const least = due.reduce<StoredMessage>(applyChange, first);
  const last = possible.find(({ change }) => change === shown.change);
  if (shown.change !== undefined) expect(last, hint).toBeDefined();
  const { content, deleted }: StoredMessage = last ? applyChange(first, last) : first;
  expect([shown.content, shown.deleted], hint).toEqual([content, deleted]);
  if (least.deleted) expect((shown.change ?? "~") <= (least.change ?? ""), hint).toBe(true);
  else expect(shown.deleted || (shown.change ?? "") >= (least.change ?? ""), hint).toBe(true);
  return last ? 1 : 0;
}
