import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TokenSource } from "./token-source.ts";

const LIFE_S = 3_600;
const HOUR_MS = 3_600_000;

let calls: number;
let issuerAheadMs: number;
let tokens: TokenSource;

beforeEach(() => {
  vi.useFakeTimers();
  calls = 0;
  issuerAheadMs = 0;
  tokens = new TokenSource({ fetchToken, timeoutMs: 1_000, closing: new AbortController().signal });
});
afterEach(() => void vi.useRealTimers());

async function fetchToken(): Promise<string> {
  calls += 1;
  const iat = (Date.now() + issuerAheadMs) / 1_000;
  return `e30.${btoa(JSON.stringify({ iat, exp: iat + LIFE_S })).replaceAll("=", "")}.${calls}`;
}

/** Sets the wall clock, or lets the machine sleep: only the wall clock changes. */
function moveWallClock(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

describe("the source of tokens", () => {
  it("P6: renews a token 30 s before it expires, and not earlier", async () => {
    await tokens.get();
    await vi.advanceTimersByTimeAsync((LIFE_S - 31) * 1_000);
    await tokens.get();
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    await tokens.get();
    expect(calls).toBe(2);
  });

  it("P6: renews in time although the wall clock was set an hour back meanwhile", async () => {
    await tokens.get();
    moveWallClock(-HOUR_MS);
    await vi.advanceTimersByTimeAsync((LIFE_S - 30) * 1_000);
    expect(tokens.renewInMs).toBeLessThanOrEqual(0);
  });

  it("P6: with a wall clock that is an hour behind, a token isn't kept longer than its life", async () => {
    issuerAheadMs = HOUR_MS;
    await tokens.get();
    expect(tokens.renewInMs).toBe((LIFE_S - 30) * 1_000);
  });

  it("P6: renews after the machine slept while the monotonic clock stood still", async () => {
    await tokens.get();
    moveWallClock(HOUR_MS);
    await tokens.get();
    expect(calls).toBe(2);
    await tokens.get();
    expect(calls).toBe(2);
  });

  it("keeps a token that seems to have expired for 30 s: the server decides", async () => {
    issuerAheadMs = -2 * HOUR_MS;
    await tokens.get();
    await vi.advanceTimersByTimeAsync(29_000);
    await tokens.get();
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    await tokens.get();
    expect(calls).toBe(2);
  });
});
