import { AssertionError } from "node:assert";
import { describe, expect, it } from "vitest";
import { until } from "./until.ts";

describe("until", () => {
  it("resolves with the value, also with 0 and an empty text", async () => {
    const values = [undefined, null, false, 0];
    expect(await until(() => values.shift())).toBe(0);
    expect(await until(async () => "")).toBe("");
  });

  it("checks again after an error, and gives the last one as the cause of the timeout", async () => {
    let checks = 0;
    const condition = () => {
      checks += 1;
      throw new Error(`check ${checks}`);
    };
    const waiting = until(condition, "the moon", 20);
    await expect(waiting).rejects.toThrow("timed out after 0.02 s waiting for the moon");
    await expect(waiting).rejects.toMatchObject({ cause: new Error(`check ${checks}`) });
    expect(checks).toBeGreaterThan(1);
  });

  it("names the condition by its source, if it isn't named", async () => {
    await expect(until(() => 1 + 1 === 3, undefined, 1)).rejects.toThrow("waiting for () => 1 + 1 === 3");
  });

  it("rejects at once with a failed assertion, which waiting must not hide", async () => {
    const failed = new AssertionError({ message: "twice" });
    await expect(until(() => Promise.reject(failed))).rejects.toBe(failed);
  });
});
