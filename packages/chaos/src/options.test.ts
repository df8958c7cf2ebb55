import { describe, expect, it } from "vitest";
import { parseOptions } from "./options.ts";

const choice = {
  faults: ["F1", "F2"],
  mutants: ["no-dedupe", "silent-gap"],
  attacks: ["resets", "loops"],
  orders: ["g-p-h", "sentinel"],
};
const parse = (...args: string[]) => parseOptions(args, choice, () => 0.5);

describe("the options of chaos", () => {
  it("default to one full run of every fault that is written, with a random seed", () => {
    const options = {
      broken: false,
      hostile: false,
      soak: false,
      only: ["F1", "F2"],
      short: false,
      write: true,
      minutes: 3,
      seed: 500_000,
      times: 1,
      schedules: 1,
      parallel: 1,
    };
    expect(parse()).toEqual({ ...options, help: false });
  });

  it("an incomplete run is only written on request", () => {
    expect(parse("--only", "f2")).toMatchObject({ only: ["F2"], write: false });
    expect(parse("--short")).toMatchObject({ short: true, write: false });
    expect(parse("--broken", "--only", "no-dedupe")).toMatchObject({ only: ["no-dedupe"], write: false });
    expect(parse("--only", "F2", "--write")).toMatchObject({ write: true });
    expect(parse("--no-write")).toMatchObject({ write: false });
  });

  it("--times sets the runs of every fault, and those of F18 unless --schedules does", () => {
    expect(parse("--times", "3")).toMatchObject({ times: 3, schedules: 3, parallel: 1 });
    const series = ["--times", "3", "--schedules", "10", "--parallel", "2"];
    expect(parse(...series)).toMatchObject({ times: 3, schedules: 10, parallel: 2, write: true });
  });

  it("--broken runs all mutants, or the named ones, in the short form", () => {
    expect(parse("--broken")).toMatchObject({ broken: true, only: choice.mutants, short: true, write: true });
    expect(parse("--broken", "--only", "silent-gap")).toMatchObject({ only: ["silent-gap"] });
  });

  it("--hostile runs all attacks in three rounds, or the named ones", () => {
    const full = { hostile: true, only: choice.attacks, short: false, times: 3, write: true };
    expect(parse("--hostile")).toMatchObject(full);
    expect(parse("--hostile", "--short")).toMatchObject({ short: true, write: false });
    expect(parse("--hostile", "--only", "loops", "--times", "5")).toMatchObject({
      only: ["loops"],
      times: 5,
      write: false,
    });
  });

  it("--soak runs for its minutes, and is written if they are enough", () => {
    expect(parse("--soak", "60")).toMatchObject({ soak: true, minutes: 60, write: true });
    expect(parse("--soak", "5")).toMatchObject({ soak: true, minutes: 5, write: false });
    expect(parse("--soak", "5", "--write")).toMatchObject({ write: true });
  });

  it("--upgrade runs every order from a revision, or the named ones, and a short form the first one", () => {
    expect(parse("--upgrade", "v1")).toMatchObject({ upgrade: "v1", only: choice.orders, write: true });
    expect(parse("--upgrade", "v1", "--only", "Sentinel")).toMatchObject({
      only: ["sentinel"],
      write: false,
    });
    expect(parse("--upgrade", "v1", "--short")).toMatchObject({ only: ["g-p-h"], write: false });
  });

  it("an invalid value is an error that names the option and the valid values", () => {
    expect(parse("--only", "F3")).toBe("--only: there is no fault F3; choose from F1, F2");
    expect(parse("--broken", "--only", "F1")).toMatch(
      /^--only: there is no broken build f1; choose from no-dedupe, silent-gap/,
    );
    expect(parse("--hostile", "--only", "F1")).toBe(
      "--only: there is no attack f1; choose from resets, loops",
    );
    expect(parse("--hostile", "--broken")).toBe("--broken and --hostile exclude each other");
    expect(parse("--soak", "60", "--hostile")).toBe("--hostile and --soak exclude each other");
    expect(parse("--upgrade", "v1", "--only", "F1")).toBe(
      "--only: there is no order f1; choose from g-p-h, sentinel",
    );
    expect(parse("--upgrade", "v1", "--broken")).toBe("--broken and --upgrade exclude each other");
    expect(parse("--soak", "60", "--only", "F1")).toBe("--soak has no parts to choose with --only");
    expect(parse("--soak", "long")).toBe("--minutes and --soak must be a number above 0");
    expect(parse("--seed", "x")).toBe("--seed must be a whole number");
    expect(parse("--minutes", "0")).toBe("--minutes and --soak must be a number above 0");
    expect(parse("--times", "0")).toBe("--times must be a whole number above 0");
    expect(parse("--schedules", "1.5")).toBe("--schedules must be a whole number above 0");
    expect(parse("--parallel", "all")).toBe("--parallel must be a whole number above 0");
    expect(parse("--loud")).toMatch(/--loud/);
  });
});
