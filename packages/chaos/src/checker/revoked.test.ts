import { describe, expect, it } from "vitest";
import { judgeRevoked } from "./revoked.ts";

const REVOKED = { atMs: 10_000, end: "5" };
const judge = (process: string, ms: number, id?: string) =>
  judgeRevoked(
    [{ process, what: "something", atMs: REVOKED.atMs + ms, ...(id !== undefined && { id }) }],
    REVOKED,
    new Set(["gateway 1"]),
  );

describe("P65: what a revoked token gets", () => {
  it("may come before the revocation and within its bounds", () => {
    for (const verdict of [judge("gateway 0", -1), judge("gateway 0", 1_000), judge("gateway 1", 3_000)])
      expect(verdict).toMatchObject({ problems: [], late: [] });
    expect(judge("gateway 1", 2_000).slowestMs).toEqual({ working: 0, broken: 2_000 });
  });

  it("is late after a second at a process that reaches the log, and a violation after 3 s anywhere", () => {
    expect(judge("gateway 0", 1_001)).toMatchObject({ problems: [], late: [expect.stringMatching("1.0 s")] });
    for (const process of ["gateway 0", "gateway 1"])
      expect(judge(process, 3_001).problems).toEqual([
        `P65: ${process} gave something 3.0 s after the revocation`,
      ]);
  });

  it("may be a frame of a message from before the revocation at any time, and of a later one until it is read", () => {
    expect(judge("gateway 1", 60_000, "5").problems).toEqual([]);
    expect(judge("gateway 1", 3_900, "6").problems).toEqual([]);
    expect(judge("gateway 1", 4_100, "6").problems).toHaveLength(1);
  });
});
