import { describe, expect, it } from "vitest";
import { Value } from "./observable.ts";

describe("an observable value", () => {
  it("tells a new listener what it is, and everybody what it becomes", () => {
    const value = new Value(1);
    const told: number[] = [];
    const stop = value.subscribe((each) => told.push(each));
    value.next(2);
    stop();
    value.next(3);
    expect(told).toEqual([1, 2]);
    expect(value.current).toBe(3);
  });

  it("that a listener changes ends for every listener where it stands", () => {
    const value = new Value("live");
    value.subscribe((each) => {
      if (each === "offline") value.next("closed");
    });
    const told: string[] = [];
    value.subscribe((each) => told.push(each));
    value.next("offline");
    expect(told).toEqual(["live", "closed"]);
    expect(value.current).toBe("closed");
  });

  it("tells a listener that came while it was told nothing twice", () => {
    const value = new Value("live");
    const told: string[] = [];
    value.subscribe((each) => {
      if (each === "offline") value.subscribe((late) => told.push(late));
    });
    value.next("offline");
    expect(told).toEqual(["offline"]);
  });
});
