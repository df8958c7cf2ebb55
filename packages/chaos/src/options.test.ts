import { describe, expect, it } from "vitest";
import { optionsFrom } from "./options.ts";

const choice = { faults: ["F1", "F2"], mutants: ["no-dedupe", "silent-gap"] };
const from = (...args: string[]) => optionsFrom(args, choice, () => 0.5);

describe("what chaos is asked for", () => {
  it("is every fault, at length and written down, with a seed of its own", () => {
    const options = {
      broken: false,
      only: ["F1", "F2"],
      short: false,
      write: true,
      minutes: 3,
      seed: 500_000,
      times: 1,
      schedules: 1,
      parallel: 1,
    };
    expect(from()).toEqual({ ...options, help: false });
  });

  it("what shows only a part is not written down unasked", () => {
    expect(from("--only", "f2")).toMatchObject({ only: ["F2"], write: false });
    expect(from("--short")).toMatchObject({ short: true, write: false });
    expect(from("--broken", "--only", "no-dedupe")).toMatchObject({ only: ["no-dedupe"], write: false });
    expect(from("--only", "F2", "--write")).toMatchObject({ write: true });
    expect(from("--no-write")).toMatchObject({ write: false });
  });

  it("a series is every fault so often, F18 as often as the others unless it is told otherwise", () => {
    expect(from("--times", "3")).toMatchObject({ times: 3, schedules: 3, parallel: 1 });
    const series = ["--times", "3", "--schedules", "10", "--parallel", "2"];
    expect(from(...series)).toMatchObject({ times: 3, schedules: 10, parallel: 2, write: true });
  });

  it("broken builds are run small, all of them or those that are named", () => {
    expect(from("--broken")).toMatchObject({ broken: true, only: choice.mutants, short: true, write: true });
    expect(from("--broken", "--only", "silent-gap")).toMatchObject({ only: ["silent-gap"] });
  });

  it("what there is not is said, with what there is", () => {
    expect(from("--only", "F3")).toBe("there is no fault F3: they are F1, F2");
    expect(from("--broken", "--only", "F1")).toMatch(
      /^there is no broken build f1: they are no-dedupe, silent-gap/,
    );
    expect(from("--seed", "x")).toBe("--seed must be a whole number");
    expect(from("--minutes", "0")).toBe("--minutes must be a number above 0");
    expect(from("--times", "0")).toBe("--times must be a whole number above 0");
    expect(from("--schedules", "1.5")).toBe("--schedules must be a whole number above 0");
    expect(from("--parallel", "all")).toBe("--parallel must be a whole number above 0");
    expect(from("--loud")).toMatch(/--loud/);
  });
});
