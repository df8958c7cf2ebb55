import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { functionsArentBornOld } from "./garbage-rules.ts";
import { readSources } from "./source.ts";

describe("no service assigns a function to a property where the function is written", () => {
  it("holds in this repository", () => {
    expect(functionsArentBornOld(readSources(join(import.meta.dirname, "../../../..")))).toEqual([]);
  });

  it.each([
    "this.#clear = () => {",
    "    this.onEnd = async (error: Error): Promise<void> => {",
    "command.reject = function (error) {",
    "console[method] = (...args: readonly unknown[]) =>",
    "if (socket) socket.end ??= reason => undefined;",
  ])("reports %s", (text) => {
    expect(functionsArentBornOld([{ path: "apps/gateway/src/a.ts", text }])).toHaveLength(1);
  });

  it.each([
    ["apps/gateway/src/a.ts", "const clear = () => {\n};\nthis.#clear = clear;"],
    ["apps/gateway/src/a.ts", 'const keep: Options["keep"] = (entries) => entries;'],
    ["apps/gateway/src/a.ts", "readonly handle = (req: IncomingMessage): void => {"],
    ["apps/gateway/src/a.test.ts", "this.clear = () => {"],
    ["apps/web/src/a.ts", "socket.onclose = () => this.#end();"],
  ])("accepts %s: %s", (path, text) => {
    expect(functionsArentBornOld([{ path, text }])).toEqual([]);
  });
});
