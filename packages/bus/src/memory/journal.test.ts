import { formatId, ORIGIN } from "@parley/models";
import { describe, expect, it } from "vitest";
import { contentOf } from "../test/entries.ts";
import { type Entry, Journal, type OnOutcome } from "./journal.ts";

const draft = (content: string) => ({ from: "alice", to: "", content });
const stored = { kind: "stored" } as const;
const failed = { kind: "failed", reason: "disk full" } as const;
const ignore: OnOutcome = () => undefined;

function journalOf(count: number) {
  const journal = new Journal(ORIGIN, () => 1_000);
  for (let i = 0; i < count; i += 1) journal.add(draft(`m${i}`), 1, ignore);
  return journal;
}
const contents = (entries: readonly Entry[]) => entries.map(({ logged }) => contentOf({ entry: logged }));
const released = (journal: Journal) => contents([...journal.release()].map(({ entry }) => entry));
const at = (seq: number) => formatId({ ms: 1_000, seq });

describe("ids", () => {
  it("L1: ids continue after the last stored one while the clock is behind it, then follow the clock", () => {
    let now = 500;
    const journal = new Journal(formatId({ ms: 2_000, seq: 7 }), () => now);
    const next = () => {
      journal.add(draft("x"), 1, ignore);
      return journal.end;
    };
    expect(next()).toBe(formatId({ ms: 2_000, seq: 8 }));
    now = 3_000.7;
    expect(next()).toBe(formatId({ ms: 3_000, seq: 0 }));
    now = 100;
    expect(next()).toBe(formatId({ ms: 3_000, seq: 1 }));
  });

  it("rejects a lastStored that is not an id", () => {
    expect(() => new Journal("yesterday", () => 0)).toThrow(RangeError);
  });
});

describe("delivering", () => {
  it("delivers each message once, in id order, up to the limit", () => {
    const journal = journalOf(3);
    expect(contents(journal.take(0, 2))).toEqual(["m0", "m1"]);
    expect(contents(journal.take(0, 2))).toEqual(["m2"]);
    expect(journal.take(0, 2)).toEqual([]);
  });

  it("delivers a failed message again after a delay that grows to 5 s, and says when", () => {
    const journal = journalOf(1);
    const [entry] = journal.take(0, 1);
    let now = 0;
    const delays: number[] = [];
    for (let delivery = 1; delivery <= 12; delivery += 1) {
      expect(entry?.deliveries).toBe(delivery);
      journal.settle(at(0), failed, now, 1);
      const due = journal.nextDue() ?? Number.NaN;
      expect(journal.take(due - 0.01, 1)).toEqual([]);
      delays.push(due - now);
      now = due;
      expect(contents(journal.take(now, 1))).toEqual(["m0"]);
    }
    expect(delays.slice(0, 3)).toEqual([50, 100, 200]);
    expect(delays.at(-1)).toBe(5_000);
  });
});

describe("releasing", () => {
  it("releases in id order, whatever the order of settling, and settledUpTo never passes an open message", () => {
    const journal = journalOf(3);
    journal.take(0, 3);
    journal.settle(at(2), stored, 0, 0);
    journal.settle(at(1), failed, 0, 0);
    expect([released(journal), journal.settledUpTo]).toEqual([[], ORIGIN]);
    journal.settle(at(0), stored, 0, 0);
    expect([released(journal), journal.settledUpTo]).toEqual([["m0"], at(0)]);
    journal.settle(at(1), stored, 0, 0);
    expect([released(journal), journal.settledUpTo]).toEqual([["m1", "m2"], at(2)]);
    expect([journal.entries, journal.bytes]).toEqual([0, 0]);
  });

  it("L13: a message whose id is taken waits under a new id, behind the others", () => {
    const journal = journalOf(2);
    journal.take(0, 2);
    expect(journal.settle(at(0), { kind: "idConflict" }, 0, 0)).toBe(at(2));
    journal.settle(at(1), stored, 0, 0);
    expect([released(journal), journal.settledUpTo]).toEqual([["m1"], at(1)]);
    expect(journal.take(0, 9)).toMatchObject([{ logged: { id: at(2), content: "m0" }, deliveries: 2 }]);
    expect(journal.bytes).toBe(1);
  });

  it("settling a message twice, or one that is not in the journal, changes nothing", () => {
    const journal = journalOf(1);
    journal.take(0, 1);
    journal.settle(at(0), stored, 0, 0);
    journal.settle(at(0), failed, 0, 0);
    journal.settle(at(0), { kind: "refReused" }, 0, 0);
    journal.settle(at(9), stored, 0, 0);
    expect([...journal.release()].map(({ outcome }) => outcome)).toEqual([stored]);
  });
});
