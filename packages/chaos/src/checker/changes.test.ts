import type { Message } from "@parley/client";
import { describe, expect, it } from "vitest";
import type { StoredChange } from "../cluster/log-inspection.ts";
import type { Change, ChangeObservation, Outcome, Send } from "../workload/ledger.ts";
import { check, type Evidence } from "./checker.ts";

const id = (n: number) => `17526900000${String(n).padStart(2, "0")}-0000000000-00`;
const acked = (n: number): Outcome => ({ kind: "acked", id: id(n), atMs: 0 });
const unknown: Outcome = { kind: "failed", code: "unanswered", mayBeThere: true };

const send: Send = {
  client: "alice",
  from: "alice",
  to: "bob",
  content: "first",
  number: 0,
  outcome: acked(1),
};

/** A change of the message 1, with the id `n`. */
function edit(n: number, outcome = acked(n)): Change {
  return { kind: "edit", send, id: id(1), content: `edit ${n}`, ref: `r${n}`, outcome };
}
function deletion(n: number, outcome = acked(n)): Change {
  return { ...edit(n, outcome), kind: "delete", content: "" };
}

function stored({ kind, ref, id: message }: Change, n: number): StoredChange {
  return { _id: id(n), kind, message, ref };
}

/** The message 1 as the change `n` left it. */
function message(content: string, n?: number, deleted = false): Message {
  const timestamp = "2025-07-16T18:20:00.000Z";
  const first = { id: id(1), from: "alice", to: "bob", content, timestamp };
  return { ...first, ...(n !== undefined && { change: id(n) }), ...(deleted && { deleted }) };
}

/** A client that saw the message 1 and its changes live, and shows `shown`. */
function observer(changes: readonly number[], shown: Message): ChangeObservation {
  const { content, change = "", deleted = false } = shown;
  return {
    observation: { client: "bob", user: "bob", since: "", seen: [message("first")] },
    positions: [id(1), ...changes.map(id)],
    changes: changes.map(id),
    shown: new Map([[id(1), { content, change, deleted }]]),
  };
}

/** Checks an edit 2 and an edit 3. Without `changes` everything is as it should be. */
function verdictWith(changes: Partial<Evidence> & { readonly shown?: Message } = {}) {
  const { shown = message("edit 3", 3), ...rest } = changes;
  const { changeObservations = [observer([2, 3], shown)] } = changes;
  return check({
    sends: [send],
    changes: [edit(2), edit(3)],
    storedChanges: [stored(edit(2), 2), stored(edit(3), 3)],
    history: [shown],
    database: [shown],
    ...rest,
    changeObservations,
    observations: changeObservations.map(({ observation }) => observation),
  });
}

describe("the checker, with changes", () => {
  it("P74 P75 P76: reports nothing when every promise held, whichever state a client got of a message", () => {
    expect(verdictWith().problems).toEqual([]);
    expect(verdictWith().counts).toMatchObject({ sent: 1, acked: 1, stored: 1, seen: 1 });
    const live = observer([2, 3], message("edit 3", 3));
    const observation = { ...live.observation, seen: [message("edit 3", 3)] };
    expect(verdictWith({ changeObservations: [{ ...live, observation }] }).problems).toEqual([]);
  });

  it("G1: an acknowledged edit that its message doesn't have is lost", () => {
    for (const shown of [message("first"), message("edit 2", 2)])
      expect(verdictWith({ shown }).problems).toEqual([
        `lost: the edit ${id(3)} of ${id(1)} was acknowledged; MongoDB has "${shown.content}"`,
      ]);
  });

  it("P76: a deletion that an edit undoes is lost, and the first deletion counts", () => {
    const changes = [edit(2), deletion(3), edit(4)];
    const storedChanges = changes.map((change, n) => stored(change, n + 2));
    const verdict = (shown: Message) =>
      verdictWith({ changes, storedChanges, shown, changeObservations: [observer([2, 3, 4], shown)] });
    expect(verdict(message("", 3, true)).problems).toEqual([]);
    expect(verdict(message("edit 4", 4)).counts.lost).toBe(1);
    expect(verdict(message("", 4, true)).counts.strange).toBe(1);
  });

  it("G4: a change of unknown outcome may have an effect or none, and any other failure is strange", () => {
    const changes = [edit(2), edit(3, unknown)];
    const verdict = (shown: Message) => {
      const all = shown.change === id(3) ? [2, 3] : [2];
      const storedChanges = all.map((n) => stored(edit(n), n));
      return verdictWith({ changes, storedChanges, shown, changeObservations: [observer(all, shown)] });
    };
    expect(verdict(message("edit 3", 3)).problems).toEqual([]);
    expect(verdict(message("edit 2", 2)).problems).toEqual([]);
    expect(verdict(message("edit 9", 3)).counts.strange).toBeGreaterThan(0);
    const refused: Outcome = { kind: "failed", code: "not_found", mayBeThere: false };
    expect(verdictWith({ changes: [edit(2), edit(3, refused)] }).counts.strange).toBeGreaterThan(0);
    expect(verdictWith({ changes: [edit(2), edit(3, { kind: "pending" })] }).counts.strange).toBeGreaterThan(
      0,
    );
  });

  it("G2: a change that is stored twice is a duplicate, and one that isn't stored is lost", () => {
    const storedChanges = [stored(edit(2), 2), stored(edit(2), 4), stored(edit(3), 3)];
    expect(verdictWith({ storedChanges }).counts.duplicated).toBe(1);
    const { problems } = verdictWith({ storedChanges: [stored(edit(2), 2)] });
    expect(problems[0]).toBe(`lost: MongoDB lacks the edit ${id(3)} of "first", which was acknowledged`);
  });

  it("L30: history and MongoDB must show the same change", () => {
    expect(verdictWith({ database: [message("edit 3", 2)] }).counts.strange).toBe(1);
  });

  it("P74: reports changes that a client saw twice or in another order, and a state that isn't history's", () => {
    const shown = message("edit 3", 3);
    const { counts } = verdictWith({ changeObservations: [observer([3, 2], shown)] });
    expect(counts).toMatchObject({ outOfOrder: 1, duplicated: 0 });
    expect(verdictWith({ changeObservations: [observer([2, 3, 3], shown)] }).counts.duplicated).toBe(1);
    const { problems } = verdictWith({ changeObservations: [observer([3], shown)] });
    expect(problems).toEqual([`unseen: bob did not see the edit ${id(2)} of "first"`]);
    const stale = observer([2, 3], message("edit 2", 2));
    expect(verdictWith({ changeObservations: [stale] }).counts.unseen).toBe(1);
  });

  it("F7: a change that was only in the destroyed log is not expected", () => {
    const shown = message("edit 2", 2);
    const storedChanges = [stored(edit(2), 2)];
    const destroyed = new Set([id(3)]);
    expect(verdictWith({ shown, storedChanges, destroyed }).problems).toEqual([]);
  });
});
