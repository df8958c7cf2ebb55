import { formatId } from "@parley/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReplayFilter } from "./replay-filter.ts";

const id = (ms: number) => formatId({ ms, seq: 0 });

describe("the replay filter", () => {
  it("P21: drops a message that is delivered again after a repair", () => {
    const filter = new ReplayFilter();
    expect(filter.accepts("", id(1))).toBe(true);
    expect(filter.accepts("", id(2))).toBe(true);
    expect(filter.accepts("", id(1))).toBe(false);
    expect(filter.accepts("", id(2))).toBe(false);
    expect(filter.accepts("", id(3))).toBe(true);
  });

  it("P20: accepts a message once for each of the audiences of its sender and its recipient", () => {
    const filter = new ReplayFilter();
    expect(filter.accepts("alice", id(1))).toBe(true);
    expect(filter.accepts("bob", id(1))).toBe(true);
    expect(filter.accepts("alice", id(1))).toBe(false);
    expect(filter.accepts("bob", id(1))).toBe(false);
  });

  it("P23: accepts smaller ids after the log was replaced", () => {
    const filter = new ReplayFilter();
    filter.accepts("", id(100));
    filter.restartAfter(id(90));
    expect(filter.accepts("", id(90))).toBe(false);
    expect(filter.accepts("", id(91))).toBe(true);
  });

  it("P21: accepts every message of every audience once and in order, whatever is delivered again", () => {
    const audiences = fc.constantFrom("", "alice", "bob");
    const repairs = fc.array(fc.record({ upTo: fc.nat(40), from: fc.nat(40) }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(audiences, { minLength: 40, maxLength: 40 }), repairs, (log, steps) => {
        const filter = new ReplayFilter();
        const accepted: number[] = [];
        let delivered = 0;
        const deliver = (from: number, to: number) => {
          for (let at = from; at < to; at++) if (filter.accepts(log[at] ?? "", id(at + 1))) accepted.push(at);
        };
        for (const { from, upTo } of steps) {
          deliver(Math.min(from, delivered), Math.max(delivered, upTo));
          delivered = Math.max(delivered, upTo);
        }
        expect(accepted).toEqual(Array.from({ length: delivered }, (_, at) => at));
      }),
    );
  });
});
