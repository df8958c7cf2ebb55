import { until } from "@parley/async";
import type { Identity } from "@parley/auth";
import { describe, expect, it } from "vitest";
import { Verifications } from "./authenticator.ts";

const ALICE: Identity = { user: "alice", scopes: new Set(), expiresAt: 1 };

function slowVerifications() {
  const waiting: ((identity: Identity) => void)[] = [];
  const verify = () => new Promise<Identity>((resolve) => waiting.push(resolve));
  return { waiting, verifications: new Verifications({ verify, problem: () => undefined }) };
}

describe("verifying tokens", () => {
  it("G5: only so many at a time, the others in their order", async () => {
    const { waiting, verifications } = slowVerifications();
    const done: number[] = [];
    const all = Array.from({ length: 100 }, (_, n) => verifications.verify("x").then(() => done.push(n)));
    await until(() => waiting.length === 32, "the first");
    while (done.length < 100) {
      expect(waiting.length).toBeLessThanOrEqual(32);
      waiting.shift()?.(ALICE);
      await new Promise(setImmediate);
    }
    await Promise.all(all);
    expect(done).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  it("G5: what would wait behind too many is refused with overloaded", async () => {
    const { verifications } = slowVerifications();
    for (let n = 0; n < 20_032; n++) void verifications.verify("x");
    await expect(verifications.verify("x")).rejects.toMatchObject({ code: "overloaded", temporary: true });
  });

  it("P3: an error that is not the token's is internal, and gives its turn on", async () => {
    let calls = 0;
    const verifications = new Verifications({
      problem: () => undefined,
      verify: () => {
        calls += 1;
        return calls <= 100 ? Promise.reject(new Error("broken")) : Promise.resolve(ALICE);
      },
    });
    for (let n = 0; n < 100; n++)
      await expect(verifications.verify("x")).rejects.toMatchObject({ code: "internal" });
    expect(await verifications.verify("x")).toBe(ALICE);
  });
});
