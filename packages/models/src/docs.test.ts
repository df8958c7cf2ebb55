import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CLOSE, ERRORS } from "./codes.ts";
import { decodeClientFrame } from "./wire.ts";

const DOCS = join(import.meta.dirname, "../../../docs");
const protocol = readFileSync(join(DOCS, "protocol.md"), "utf8");

/** Returns the cells of the table under a heading, row by row, without the two header rows. */
function tableUnder(heading: string): string[][] {
  const [, after = ""] = protocol.split(`\n## ${heading}\n`);
  const [section = ""] = after.split("\n## ");
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe("docs/protocol.md", () => {
  it("P30: its table of error codes matches the catalogue, including status and temporary flag", () => {
    const catalogue = Object.entries(ERRORS).map(([code, { status, temporary }]) => [
      `\`${code}\``,
      String(status),
      temporary ? "yes" : "no",
    ]);
    expect(tableUnder("Error codes").map((row) => row.slice(0, 3))).toEqual(catalogue);
  });

  it("P40: its table of close codes matches the catalogue", () => {
    const documented = tableUnder("Close codes").map(([code]) => Number(code));
    expect(documented).toEqual(Object.values(CLOSE));
  });

  it("P10: every client frame that it shows is valid", () => {
    const [fromClient = ""] =
      protocol.split("\nFrom the server:")[0]?.split("\nFrom the client:").slice(1) ?? [];
    const frames = [...fromClient.matchAll(/`(\{.*?\})`/g)].map(([, frame = ""]) => frame);
    expect(frames).toHaveLength(4);
    for (const frame of frames)
      expect(decodeClientFrame(frame, { maxContentBytes: 8_192 }).ok, frame).toBe(true);
  });

  it("P1: it has every rule from P1 to P76 once and in order", () => {
    const rules = [...protocol.matchAll(/^\*\*P(\d+)\*\*/gm)].map(([, number]) => Number(number));
    const parts = [
      [1, 7],
      [10, 14],
      [20, 23],
      [30, 32],
      [40, 41],
      [50, 59],
      [60, 65],
      [70, 76],
    ] as const;
    const all = parts.flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    );
    expect(rules).toEqual(all);
  });
});

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe("docs/log.md and docs/guarantees.md", () => {
  it.each([
    ["log.md", "L", [...upTo(30), 36, 37, 38]],
    ["guarantees.md", "G", upTo(5)],
    ["guarantees.md", "F", [...upTo(20), 23, 24, 25, 26, 27]],
  ])("%s has the rules %s%j, in order", (file, letter, numbers) => {
    const text = readFileSync(join(DOCS, file), "utf8");
    const found = [...text.matchAll(new RegExp(`^(?:\\*\\*|\\| )${letter}(\\d+)\\b`, "gm"))].map(([, n]) =>
      Number(n),
    );
    expect(found).toEqual(numbers);
  });
});
