import { readdirSync } from "node:fs";
import { join } from "node:path";
import { MAX_MS, MAX_SEQ } from "@parley/models";
import { afterAll, describe, expect, it } from "vitest";
import { FLOOR_BYTES, FLOOR_ENTRIES, SHARES } from "../../sender-shares.ts";
import { PROBE_MS } from "../append/redis-appender.ts";
import { ENTRY_BYTES } from "../format/entry.ts";
import { FORMATS } from "../format/log-format.ts";
import { type Rig, startRig } from "../test/redis-rig.ts";
import { readLua, readScriptTexts, scriptText } from "./script-text.ts";
import * as scripts from "./scripts.ts";

const LUA = join(import.meta.dirname, "../lua");
const luaFiles = (folder: string) => readdirSync(folder).filter((file) => file.endsWith(".lua"));
const names = Object.values(scripts).map(({ name }) => name);

const rig = await startRig();

describe.skipIf(!rig)("in Redis", () => {
  const redis = rig as Rig;
  afterAll(() => redis.stop());

  it.each(Object.values(scripts))("$name compiles", async (script) => {
    await script.load(redis.raw);
  });
});

describe("the Lua files", () => {
  it("are scripts, each with one constant, or are included by a script", () => {
    const inFolder = (folder: string) => luaFiles(join(LUA, folder)).map((file) => `${folder}/${file}`);
    const files = [...luaFiles(LUA), ...inFolder("marks"), ...inFolder("revocations")];
    expect(files.toSorted()).toEqual(names.map((name) => `${name}.lua`).toSorted());
    const included = names.map((name) => scriptText(name)).join();
    for (const file of luaFiles(join(LUA, "include"))) {
      // A line that includes a file within a function is replaced by that file.
      const parts = readLua(`include/${file}`)
        ?.replace(/^-- @.*\n/gm, "")
        .split(/^ +-- @.*\n/m);
      expect(
        parts?.every((part) => included.includes(part)),
        file,
      ).toBe(true);
    }
  });

  it("are embedded in a build, each with the text that runs from the source", () => {
    expect(readScriptTexts()).toEqual(Object.fromEntries(names.map((name) => [name, scriptText(name)])));
  });

  it.each(names)("%s.lua begins with its includes, purpose, KEYS, ARGV and answer", (name) => {
    const [comment = ""] = /^(--.*\n)+/.exec(readLua(`${name}.lua`) ?? "") ?? [];
    expect(comment).toMatch(/^(-- @include \w+\n)*(--\n)?-- [A-Z][^@]+\bKEYS: [^@]+\bARGV: [^@]+-- Answer: /);
  });

  it.each(names)("%s.lua includes the file of every function that it calls", (name) => {
    const text = scriptText(name);
    const includes = luaFiles(join(LUA, "include")).map((file) => readLua(`include/${file}`) ?? "");
    const shared = includes.flatMap((include) => [...include.matchAll(/^local function (\w+)/gm)]);
    const called = shared.map(([, called = ""]) => called).filter((called) => text.includes(`${called}(`));
    expect(called.filter((called) => !text.includes(`local function ${called}(`))).toEqual([]);
  });

  it.each([
    ["include/add_entry", "ENTRY_BYTES", ENTRY_BYTES],
    ["include/position", "MAX_MS", MAX_MS],
    ["include/position", "MAX_SEQ", MAX_SEQ],
    ["include/sender_limits", "FLOOR_BYTES", FLOOR_BYTES],
    ["include/sender_limits", "FLOOR_ENTRIES", FLOOR_ENTRIES],
    ["include/shares", "SHARES", SHARES],
    ["marks/raise_marks", "FLOOR_ENTRIES", FLOOR_ENTRIES],
  ])("%s.lua has the same %s as TypeScript", (file, constant, value) => {
    const [, number] =
      new RegExp(`^local ${constant} = '?(\\d+)'?$`, "m").exec(readLua(`${file}.lua`) ?? "") ?? [];
    expect(Number(number)).toBe(value);
  });

  it("L25: the scripts know the same formats of a log as TypeScript", () => {
    const [, formats = ""] = /^local FORMATS = \{(.*)\}$/m.exec(readLua("include/totals.lua") ?? "") ?? [];
    expect([...formats.matchAll(/\['(\d+)'\] = true/g)].map(([, format]) => Number(format))).toEqual(FORMATS);
  });

  it("L5: the age clock adds the longest pause between two calls of an idle gateway in full", () => {
    const [, step] = /^local MAX_STEP_MS = (\d+)$/m.exec(readLua("include/ages.lua") ?? "") ?? [];
    expect(Number(step)).toBeGreaterThanOrEqual(3 * PROBE_MS);
  });
});
