import { describe, expect, it } from "vitest";
import { ConnectionCounts } from "./connection-limiter.ts";

const NONE = Number.POSITIVE_INFINITY;

describe("how many connections there may be", () => {
  it("P3: too many of a user or an address, and too many in all", () => {
    const counts = new ConnectionCounts({ total: 4, perUser: 2, perAddress: 3 });
    counts.add("alice", "a");
    counts.add("alice", "b");
    expect(counts.refusal("alice", "c")).toBe("too_many_connections");
    expect(counts.refusal("bob", "a")).toBeUndefined();
    counts.add("bob", "a");
    counts.add("carol", "a");
    expect(counts.refusal("dave", "d")).toBe("overloaded");
    counts.remove("alice", "b");
    expect(counts.refusal("dave", "a")).toBe("too_many_connections");
    expect(counts.refusal("alice", "d")).toBeUndefined();
  });

  it("P3: a limit that is off refuses nobody", () => {
    const counts = new ConnectionCounts({ total: NONE, perUser: NONE, perAddress: NONE });
    for (let i = 0; i < 1_000; i++) counts.add("alice", "a");
    expect(counts.refusal("alice", "a")).toBeUndefined();
    expect(counts.total).toBe(1_000);
  });
});
