import { formatId } from "@parley/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogOrder } from "./replay-filter.ts";

const id = (ms: number) => formatId({ ms, seq: 0 });

describe("once each, in log order", () => {
  it("P21: a message told again after a repair is dropped", () => {
    const order = new LogOrder();
    expect(order.admits("", id(1))).toBe(true);
    expect(order.admits("", id(2))).toBe(true);
    expect(order.admits("", id(1))).toBe(false);
    expect(order.admits("", id(2))).toBe(false);
    expect(order.admits("", id(3))).toBe(true);
  });

  it("P20: one message goes to the audiences of sender and recipient, once to each", () => {
    const order = new LogOrder();
    expect(order.admits("alice", id(1))).toBe(true);
    expect(order.admits("bob", id(1))).toBe(true);
    expect(order.admits("alice", id(1))).toBe(false);
    expect(order.admits("bob", id(1))).toBe(false);
  });

  it("P23: a replaced log goes on where it says, though that be earlier", () => {
    const order = new LogOrder();
    order.admits("", id(100));
    order.restartAfter(id(90));
    expect(order.admits("", id(90))).toBe(false);
    expect(order.admits("", id(91))).toBe(true);
  });

  it("P21: whatever is told again from wherever, every audience hears each of its messages once and in order", () => {
    const audiences = fc.constantFrom("", "alice", "bob");
    const tellings = fc.array(fc.record({ upTo: fc.nat(40), from: fc.nat(40) }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(audiences, { minLength: 40, maxLength: 40 }), tellings, (log, repairs) => {
        const order = new LogOrder();
        const heard: number[] = [];
        let told = 0;
        const tell = (from: number, to: number) => {
          for (let at = from; at < to; at++) if (order.admits(log[at] ?? "", id(at + 1))) heard.push(at);
        };
        for (const { from, upTo } of repairs) {
          tell(Math.min(from, told), Math.max(told, upTo));
          told = Math.max(told, upTo);
        }
        expect(heard).toEqual(Array.from({ length: told }, (_, at) => at));
      }),
    );
  });
});
