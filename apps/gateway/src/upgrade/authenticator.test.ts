import { until } from "@parley/async";
import type { Identity } from "@parley/auth";
import { describe, expect, it } from "vitest";
import { Authenticator } from "./authenticator.ts";

const ALICE: Identity = { user: "alice", scopes: new Set(), expiresAt: 1 };

function slowAuthenticator() {
  const waiting: ((identity: Identity) => void)[] = [];
  const verify = () => new Promise<Identity>((resolve) => waiting.push(resolve));
  return { waiting, authenticator: new Authenticator({ verify, problem: () => undefined }) };
}

describe("the authenticator", () => {
  it("G5: verifies a bounded number of tokens at a time, the others in their order", async () => {
    const { waiting, authenticator } = slowAuthenticator();
    const done: number[] = [];
    const all = Array.from({ length: 100 }, (_, n) => authenticator.verify("x").then(() => done.push(n)));
    await until(() => waiting.length === 32, "the first");
    while (done.length < 100) {
      expect(waiting.length).toBeLessThanOrEqual(32);
      waiting.shift()?.(ALICE);
      await new Promise(setImmediate);
    }
    await Promise.all(all);
    expect(done).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  it("G5: refuses a token with overloaded if too many wait", async () => {
    const { authenticator } = slowAuthenticator();
    for (let n = 0; n < 20_032; n++) void authenticator.verify("x");
    await expect(authenticator.verify("x")).rejects.toMatchObject({ code: "overloaded", temporary: true });
  });

  it("P3: an unexpected error becomes internal and frees its slot", async () => {
    let calls = 0;
    const authenticator = new Authenticator({
      problem: () => undefined,
      verify: () => {
        calls += 1;
        return calls <= 100 ? Promise.reject(new Error("broken")) : Promise.resolve(ALICE);
      },
    });
    for (let n = 0; n < 100; n++)
      await expect(authenticator.verify("x")).rejects.toMatchObject({ code: "internal" });
    expect(await authenticator.verify("x")).toBe(ALICE);
  });
});
