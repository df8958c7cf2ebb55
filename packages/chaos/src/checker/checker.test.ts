import type { Message } from "@parley/client";
import { describe, expect, it } from "vitest";
import type { Observation, Outcome, Send } from "../workload/ledger.ts";
import { check, type Evidence } from "./checker.ts";

const id = (n: number) => `175269000000${n}-0000000000-00`;

function message(n: number, changes: Partial<Message> = {}): Message {
  const timestamp = "2025-07-16T18:20:00.000Z";
  return { id: id(n), from: "alice", to: "bob", content: `text ${n}`, timestamp, ...changes };
}

function send(n: number, changes: Partial<Send> = {}): Send {
  const outcome: Outcome = { kind: "acked", id: id(n), atMs: 0 };
  return { client: "alice", from: "alice", to: "bob", content: `text ${n}`, number: n, outcome, ...changes };
}

function sight(seen: Message[], changes: Partial<Observation> = {}): Observation {
  return { client: "bob", user: "bob", since: "", seen, ...changes };
}

/** Three messages from alice to bob, all well; `changes` break it. */
function verdictOf(changes: Partial<Evidence> = {}) {
  const all = [message(1), message(2), message(3)];
  return check({
    sends: [send(1), send(2), send(3)],
    observations: [sight(all)],
    history: all,
    database: all,
    ...changes,
  });
}

describe("the checker", () => {
  it("G1 G2 G3: finds nothing where all is well", () => {
    const { problems, counts } = verdictOf();
    expect(problems).toEqual([]);
    expect(counts).toMatchObject({ sent: 3, acked: 3, stored: 3, seen: 3, lost: 0, duplicated: 0 });
  });

  it("G1: an acknowledged message that history lacks is lost", () => {
    const kept = [message(1), message(3)];
    const { counts } = verdictOf({ history: kept, database: kept, observations: [sight(kept)] });
    expect(counts.lost).toBe(1);
  });

  it("G1: one that history has under another id than its ack is strange", () => {
    const outcome: Outcome = { kind: "acked", id: id(9), atMs: 0 };
    expect(verdictOf({ sends: [send(1), send(2), send(3, { outcome })] }).counts.strange).toBe(1);
  });

  it("G1: what only one of MongoDB and history has is lost", () => {
    const two = [message(1), message(2)];
    expect(verdictOf({ history: two, sends: [send(1), send(2)], observations: [] }).counts.lost).toBe(1);
    expect(verdictOf({ database: two }).counts.lost).toBe(1);
  });

  it("G2: the same id twice in history, and the same message under two ids, are duplicates", () => {
    const twice = [message(1), message(2), message(2), message(3)];
    expect(verdictOf({ history: twice }).counts.duplicated).toBeGreaterThan(0);
    const again = [message(1), message(2), message(3), message(4, { content: "text 3" })];
    expect(verdictOf({ history: again, database: again }).counts.duplicated).toBe(1);
  });

  it("G3: what a client did not see, saw twice, or saw too late, is found", () => {
    expect(verdictOf({ observations: [sight([message(1), message(3)])] }).counts.unseen).toBe(1);
    const twice = [message(1), message(2), message(2), message(3)];
    expect(verdictOf({ observations: [sight(twice)] }).counts.duplicated).toBe(1);
    const late = [message(1), message(3), message(2)];
    expect(verdictOf({ observations: [sight(late)] }).counts.outOfOrder).toBe(1);
  });

  it("G3: only what came after it connected, and what concerns it, is expected of a client", () => {
    const observations = [
      sight([message(3)], { since: id(2) }),
      sight([], { client: "carol", user: "carol" }),
    ];
    expect(verdictOf({ observations }).problems).toEqual([]);
    const eavesdropper = [sight([message(1)], { client: "carol", user: "carol" })];
    expect(verdictOf({ observations: eavesdropper }).counts.strange).toBe(1);
  });

  it("G3: a message seen in other words than history has it is strange", () => {
    const changed = [message(1), message(2, { content: "other" }), message(3)];
    expect(verdictOf({ observations: [sight(changed)] }).counts.strange).toBe(1);
  });

  it("P13: messages of one sender in another order than the calls are out of order", () => {
    const outcome = (n: number): Outcome => ({ kind: "acked", id: id(n), atMs: 0 });
    const sends = [
      send(1, { outcome: outcome(2), content: "text 2" }),
      send(2, { outcome: outcome(1), content: "text 1" }),
      send(3),
    ];
    expect(verdictOf({ sends }).counts.outOfOrder).toBe(1);
  });

  it("G4: a send that is never answered, or refused for good and there all the same, is strange", () => {
    expect(
      verdictOf({ sends: [send(1), send(2), send(3, { outcome: { kind: "pending" } })] }).counts.strange,
    ).toBe(1);
    const refused: Outcome = { kind: "failed", code: "not_sent", mayBeThere: false };
    expect(verdictOf({ sends: [send(1), send(2), send(3, { outcome: refused })] }).counts.strange).toBe(1);
    const unknown: Outcome = { kind: "failed", code: "outcome_unknown", mayBeThere: true };
    expect(verdictOf({ sends: [send(1), send(2), send(3, { outcome: unknown })] }).problems).toEqual([]);
  });

  it("what nobody sent is strange", () => {
    expect(verdictOf({ sends: [send(1), send(2)] }).counts.strange).toBe(1);
  });

  it("F7: what was in the log alone when it was destroyed is counted apart, and nothing else is forgiven", () => {
    const kept = [message(1), message(2)];
    const changes = { history: kept, database: kept, observations: [sight([...kept, message(3)])] };
    const forgiven = verdictOf({ ...changes, destroyed: new Set([id(3)]) });
    expect(forgiven.problems).toEqual([]);
    expect(forgiven.counts.lostWithLog).toBe(1);
    expect(verdictOf({ ...changes, destroyed: new Set() }).counts.lost).toBe(1);
  });
});
