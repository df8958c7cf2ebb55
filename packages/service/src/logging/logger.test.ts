import { describe, expect, it, vi } from "vitest";
import { createLogger } from "./logger.ts";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg";

function captured(level = "info", linesPerSecond?: number) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ name: "test", level, linesPerSecond, destination });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "null") as Record<string, unknown> };
}

describe("the logger", () => {
  it("writes one JSON line with name, level name and ISO time", () => {
    const { log, lines, last } = captured();
    log.info({ port: 8080 }, "listening");
    expect(lines).toEqual([expect.stringMatching(/^\{[^\n]*\}\n$/)]);
    expect(last()).toMatchObject({ name: "test", level: "info", port: 8080, msg: "listening" });
    expect(new Date(String(last().time)).toISOString()).toBe(last().time);
  });

  it("writes each key once, also if a caller's field has the name of a field that every line has", () => {
    const { log, lines, last } = captured();
    log.info({ pid: 1, name: "other", level: "x", time: 2, hostname: "h", msg: "m" }, "started");
    const keys = [...(lines[0] ?? "").matchAll(/"(\w+)":/g)].map(([, key]) => key);
    expect(keys).toEqual([...new Set(keys)]);
    expect(last()).toMatchObject({ pid: process.pid, pid_: 1, name: "test", name_: "other", msg: "started" });
  });

  it("hides the values of fields with secret names, in the first three levels of nesting", () => {
    const { log, lines } = captured();
    const secrets = { token: "hunter2", password: "hunter2", content: "hunter2", body: "hunter2" };
    log.info(
      { ...secrets, req: { ...secrets, headers: { authorization: "hunter2", cookie: "hunter2" } } },
      "x",
    );
    expect(lines.join()).not.toContain("hunter2");
    expect(lines.join().match(/\[redacted\]/g)).toHaveLength(10);
  });

  it("hides tokens and passwords in any text, and the line stays valid JSON", () => {
    const { log, lines, last } = captured();
    log.warn({ err: new Error(`no "redis://u:hunter2@h"`), list: [`Bearer ${JWT}`] }, `token ${JWT}`);
    expect(lines.join()).not.toMatch(/hunter2|eyJhbG/);
    expect(last()).toMatchObject({ msg: "token [redacted]", list: ["bearer [redacted]"] });
  });

  it("writes an error as one line with its code and cause, and the stack only at level debug", () => {
    const err = Object.assign(new Error("broken\nat line 2", { cause: new Error("the reason") }), {
      code: "E7",
    });
    const info = captured();
    info.log.error({ err }, "x");
    expect(info.last().err).toEqual({ type: "Error", message: "broken", code: "E7", cause: "the reason" });
    const debug = captured("debug");
    debug.log.error({ err }, "x");
    expect(debug.last().err).toMatchObject({ stack: expect.stringContaining("logger.test.ts") });
  });

  it.each([
    ["an error without text of several", new AggregateError([new Error("a"), new Error("b")]), "a; b"],
    ["an error without text", new TypeError(), "TypeError"],
    ["a string", "only text", "only text"],
    ["an object", { secret: "hunter2" }, "thrown: object"],
  ])("says something of %s", (_what, err, message) => {
    const { log, last } = captured();
    log.error({ err }, "x");
    expect(last().err).toMatchObject({ message });
  });
});

describe("a flood of lines", () => {
  it("G5: is cut to some lines of a kind per second, and the number of the others is logged once", async () => {
    const { log, lines } = captured("debug", 3);
    for (let n = 0; n < 1_000; n += 1) log.warn({ n }, "too-slow");
    for (let n = 0; n < 5; n += 1) log.info({ n }, "an internal service read as a user");
    log.error({ err: new Error("broken") }, "failure");
    expect(lines).toHaveLength(7);
    await vi.waitFor(() => expect(lines).toHaveLength(9), 3_000);
    expect(lines.slice(7).map((line) => JSON.parse(line))).toMatchObject([
      { level: "warn", text: "too-slow", lines: 997, msg: "more lines of this kind were left out" },
      { level: "info", text: "an internal service read as a user", lines: 2 },
    ]);
    log.warn("too-slow");
    expect(lines).toHaveLength(10);
  });

  it("isn't limited below level info, nor for a fatal error", () => {
    const { log, lines } = captured("debug", 1);
    for (let n = 0; n < 5; n += 1) log.debug("connected");
    for (let n = 0; n < 5; n += 1) log.fatal("uncaught error");
    expect(lines).toHaveLength(10);
  });
});
