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

function observation(seen: Message[], changes: Partial<Observation> = {}): Observation {
  return { client: "bob", user: "bob", since: "", seen, ...changes };
}

/** Checks three messages from alice to bob. Without `changes` everything is as it should be. */
function verdictWith(changes: Partial<Evidence> = {}) {
  const all = [message(1), message(2), message(3)];
  return check({
    sends: [send(1), send(2), send(3)],
    observations: [observation(all)],
    history: all,
    database: all,
    ...changes,
  });
}

describe("the checker", () => {
  it("G1 G2 G3: reports nothing when every guarantee held", () => {
    const { problems, counts } = verdictWith();
    expect(problems).toEqual([]);
    expect(counts).toMatchObject({ sent: 3, acked: 3, stored: 3, seen: 3, lost: 0, duplicated: 0 });
  });

  it("G1: an acknowledged message that is missing in history is lost", () => {
    const rest = [message(1), message(3)];
    const { counts } = verdictWith({ history: rest, database: rest, observations: [observation(rest)] });
    expect(counts.lost).toBe(1);
  });

  it("G1: a message that history has under another id than its ack is strange", () => {
    const outcome: Outcome = { kind: "acked", id: id(9), atMs: 0 };
    expect(verdictWith({ sends: [send(1), send(2), send(3, { outcome })] }).counts.strange).toBe(1);
  });

  it("G1: a message that only one of MongoDB and history has is lost", () => {
    const two = [message(1), message(2)];
    expect(verdictWith({ history: two, sends: [send(1), send(2)], observations: [] }).counts.lost).toBe(1);
    expect(verdictWith({ database: two }).counts.lost).toBe(1);
  });

  it("G2: the same id twice in history, and the same message under two ids, are duplicates", () => {
    const twice = [message(1), message(2), message(2), message(3)];
    expect(verdictWith({ history: twice }).counts.duplicated).toBeGreaterThan(0);
    const again = [message(1), message(2), message(3), message(4, { content: "text 3" })];
    expect(verdictWith({ history: again, database: again }).counts.duplicated).toBe(1);
  });

  it("G3: reports a message that a client didn't see, saw twice, or saw out of order", () => {
    expect(verdictWith({ observations: [observation([message(1), message(3)])] }).counts.unseen).toBe(1);
    const twice = [message(1), message(2), message(2), message(3)];
    expect(verdictWith({ observations: [observation(twice)] }).counts.duplicated).toBe(1);
    const late = [message(1), message(3), message(2)];
    expect(verdictWith({ observations: [observation(late)] }).counts.outOfOrder).toBe(1);
  });

  it("G3: expects of a client only the messages for its user since it connected", () => {
    const observations = [
      observation([message(3)], { since: id(2) }),
      observation([], { client: "carol", user: "carol" }),
    ];
    expect(verdictWith({ observations }).problems).toEqual([]);
    const eavesdropper = [observation([message(1)], { client: "carol", user: "carol" })];
    expect(verdictWith({ observations: eavesdropper }).counts.strange).toBe(1);
  });

  it("G3: expects of a client nothing after the end of its record", () => {
    const until = id(2);
    const observations = [observation([message(1), message(2)], { until })];
    expect(verdictWith({ observations }).problems).toEqual([]);
    expect(verdictWith({ observations: [observation([message(1)], { until })] }).counts.unseen).toBe(1);
    const beyond = [observation([message(1), message(2), message(3)], { until })];
    expect(verdictWith({ observations: beyond }).counts.strange).toBe(1);
  });

  it("G3: a message seen with other content than history has is strange", () => {
    const changed = [message(1), message(2, { content: "other" }), message(3)];
    expect(verdictWith({ observations: [observation(changed)] }).counts.strange).toBe(1);
  });

  it("P13: messages of one sender whose ids are in another order than its calls are out of order", () => {
    const outcome = (n: number): Outcome => ({ kind: "acked", id: id(n), atMs: 0 });
    const sends = [
      send(1, { outcome: outcome(2), content: "text 2" }),
      send(2, { outcome: outcome(1), content: "text 1" }),
      send(3),
    ];
    expect(verdictWith({ sends }).counts.outOfOrder).toBe(1);
  });

  it("G4: a send that is never answered is strange, and so is one that was refused for good and is stored", () => {
    expect(
      verdictWith({ sends: [send(1), send(2), send(3, { outcome: { kind: "pending" } })] }).counts.strange,
    ).toBe(1);
    const refused: Outcome = { kind: "failed", code: "not_sent", mayBeThere: false };
    expect(verdictWith({ sends: [send(1), send(2), send(3, { outcome: refused })] }).counts.strange).toBe(1);
    const unknown: Outcome = { kind: "failed", code: "outcome_unknown", mayBeThere: true };
    expect(verdictWith({ sends: [send(1), send(2), send(3, { outcome: unknown })] }).problems).toEqual([]);
  });

  it("a message that nobody sent is strange", () => {
    expect(verdictWith({ sends: [send(1), send(2)] }).counts.strange).toBe(1);
  });

  it("F7: a message that was only in the destroyed log is counted apart; any other missing one is lost", () => {
    const stored = [message(1), message(2)];
    const changes = {
      history: stored,
      database: stored,
      observations: [observation([...stored, message(3)])],
    };
    const expected = verdictWith({ ...changes, destroyed: new Set([id(3)]) });
    expect(expected.problems).toEqual([]);
    expect(expected.counts.lostWithLog).toBe(1);
    expect(verdictWith({ ...changes, destroyed: new Set() }).counts.lost).toBe(1);
  });
});
