import { expect, it } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

/** Splits consecutive frames of one chunk, and returns the lines of each. */
function linesOf(splitter: LineSplitter, frames: readonly string[]): string[][] {
  const data = Buffer.from(frames.join(""));
  splitter.begin();
  let at = 0;
  return frames.map((frame) => {
    const lines: string[] = [];
    splitter.split(data, at, frame.length, (_, start, length) => {
      lines.push(data.toString("latin1", start, start + length));
    });
    at += frame.length;
    return lines;
  });
}

it("visits each line of each frame, and never one of the next frame", () => {
  const splitter = new LineSplitter();
  const frames = ["a", "b\nc", "", "\n", "d\n", "ef\n\ng", "h"];
  const expected = [["a"], ["b", "c"], [], [], ["d"], ["ef", "g"], ["h"]];
  expect(linesOf(splitter, frames)).toEqual(expected);
  expect(linesOf(splitter, frames)).toEqual(expected);
});

it("a new chunk doesn't inherit the place of a newline", () => {
  const splitter = new LineSplitter();
  expect(linesOf(splitter, ["no newline at all"])).toEqual([["no newline at all"]]);
  expect(linesOf(splitter, ["a\nb"])).toEqual([["a", "b"]]);
});
