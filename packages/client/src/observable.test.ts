import { describe, expect, it } from "vitest";
import { Value } from "./observable.ts";

describe("an observable value", () => {
  it("passes its current value to a new listener, and every change to all listeners", () => {
    const value = new Value(1);
    const seen: number[] = [];
    const stop = value.subscribe((each) => seen.push(each));
    value.next(2);
    stop();
    value.next(3);
    expect(seen).toEqual([1, 2]);
    expect(value.current).toBe(3);
  });

  it("passes only the newest value on if a listener changes it", () => {
    const value = new Value("live");
    value.subscribe((each) => {
      if (each === "offline") value.next("closed");
    });
    const seen: string[] = [];
    value.subscribe((each) => seen.push(each));
    value.next("offline");
    expect(seen).toEqual(["live", "closed"]);
    expect(value.current).toBe("closed");
  });

  it("passes a value once to a listener that subscribes during a change", () => {
    const value = new Value("live");
    const seen: string[] = [];
    value.subscribe((each) => {
      if (each === "offline") value.subscribe((late) => seen.push(late));
    });
    value.next("offline");
    expect(seen).toEqual(["offline"]);
  });
});
