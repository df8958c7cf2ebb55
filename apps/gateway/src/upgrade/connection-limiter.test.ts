import { describe, expect, it } from "vitest";
import { ConnectionLimiter } from "./connection-limiter.ts";

const NONE = Number.POSITIVE_INFINITY;

describe("connection limits", () => {
  it("P3: hold per user, per address and in total", () => {
    const limiter = new ConnectionLimiter({ total: 4, perUser: 2, perAddress: 3 });
    limiter.acquire("alice", "a");
    limiter.acquire("alice", "b");
    expect(limiter.refusalFor("alice", "c")).toBe("too_many_connections");
    expect(limiter.refusalFor("bob", "a")).toBeUndefined();
    limiter.acquire("bob", "a");
    limiter.acquire("carol", "a");
    expect(limiter.refusalFor("dave", "d")).toBe("overloaded");
    limiter.release("alice", "b");
    expect(limiter.refusalFor("dave", "a")).toBe("too_many_connections");
    expect(limiter.refusalFor("alice", "d")).toBeUndefined();
  });

  it("P3: refuse nothing if they are off", () => {
    const limiter = new ConnectionLimiter({ total: NONE, perUser: NONE, perAddress: NONE });
    for (let i = 0; i < 1_000; i++) limiter.acquire("alice", "a");
    expect(limiter.refusalFor("alice", "a")).toBeUndefined();
    expect(limiter.total).toBe(1_000);
  });
});
