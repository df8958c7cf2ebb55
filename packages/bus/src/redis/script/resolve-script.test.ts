import { describe, expect, it } from "vitest";
import { resolveScript } from "./resolve-script.ts";

const resolve = (files: Readonly<Record<string, string>>) => resolveScript("main", (file) => files[file]);

describe("resolveScript", () => {
  it("returns a script without includes as it is", () => {
    expect(resolve({ "main.lua": "-- Adds.\nreturn 1 -- @nothing\n" })).toBe(
      "-- Adds.\nreturn 1 -- @nothing\n",
    );
  });

  it("puts each included file there once, after the files that it includes", () => {
    const files = {
      "main.lua": "-- @include c\n-- @include b\nreturn c()\n",
      "include/a.lua": "local a\n",
      "include/b.lua": "-- @include a\nlocal b\n",
      "include/c.lua": "-- @include a\n-- @include b\nlocal c\n",
    };
    expect(resolve(files)).toBe("local a\n\nlocal b\n\nlocal c\n\nreturn c()\n");
  });

  it("puts a file that is included within a function there, with what isn't above it already", () => {
    const files = {
      "main.lua": "-- @include a\nlocal function rare()\n  -- @include b\n  return b()\nend\n",
      "include/a.lua": "local a\n",
      "include/b.lua": "-- @include a\n-- @include c\nlocal b\n",
      "include/c.lua": "local c\n",
    };
    expect(resolve(files)).toBe("local a\n\nlocal function rare()\nlocal c\n\nlocal b\n  return b()\nend\n");
    const loop = { ...files, "include/c.lua": "local function c()\n  -- @include b\nend\n" };
    expect(() => resolve(loop)).toThrow(
      /include each other: main\.lua -> include\/b\.lua -> include\/c\.lua/,
    );
  });

  it("rejects a missing file and names it", () => {
    expect(() => resolve({})).toThrow(/^Lua file not found: main\.lua$/);
    expect(() => resolve({ "main.lua": "-- @include a" })).toThrow(
      /^Lua file not found: main\.lua -> include\/a\.lua$/,
    );
  });

  it("rejects files that include each other and names them", () => {
    const files = {
      "main.lua": "-- @include a\n",
      "include/a.lua": "-- @include b\n",
      "include/b.lua": "-- @include a\n",
    };
    expect(() => resolve(files)).toThrow(
      /main\.lua -> include\/a\.lua -> include\/b\.lua -> include\/a\.lua$/,
    );
    expect(() => resolve({ ...files, "include/a.lua": "-- @include a\n" })).toThrow(/include each other/);
  });

  it.each(["-- @require a", "--@include", "  -- @include a b", "-- @include ../a", "-- @include a.lua"])(
    "rejects an unknown directive and names its file: %s",
    (line) => {
      expect(() => resolve({ "main.lua": `-- Adds.\n${line}\nreturn 1` })).toThrow(
        /^main\.lua: unknown directive "@/,
      );
    },
  );
});
