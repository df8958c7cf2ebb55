import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";

/** Each test starts one or two processes, which is slow on a busy machine. */
vi.setConfig({ testTimeout: 60_000 });

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Starts a process that runs `runService("test", async ({ log, stopping, defer }) => { <body> })`. */
function run(
  body: string,
  { env = {}, options = "" }: { env?: Record<string, string>; options?: string } = {},
) {
  const program = `
    import { readEnv, pick, fields, ConfigError, runService } from ${JSON.stringify(import.meta.resolve("../index.ts"))};
    const say = (text) => process.stdout.write(text + "\\n");
    const forever = () => new Promise((resolve) => setTimeout(resolve, 1e8));
    runService("test", async ({ log, stopping, defer }) => { ${body} }, { ${options} });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  const closed = once(child, "close").then(([code]) => code as number | null);
  return {
    output,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** Resolves with the exit code once all output has been read. */
    exit: () => closed,
    says: (text: string) =>
      expect.poll(() => output.stdout, { timeout: 30_000, interval: 10 }).toContain(text),
    /** The lines on stdout that aren't log lines. */
    said: () => output.stdout.split("\n").filter((line) => line !== "" && !line.startsWith("{")),
    logged: () =>
      output.stdout
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const TWO_PARTS = `
  defer("store", async () => { await null; say("store closed"); });
  defer("server", async () => { await null; say("server closed, stopping " + stopping.aborted); });
  setInterval(() => {}, 1000);
  say("running");`;

describe("a service that is told to stop", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "P41: closes everything in reverse order on %s and exits with 0",
    async (signal) => {
      const service = run(TWO_PARTS);
      await service.says("running");
      service.kill(signal);
      expect(await service.exit()).toBe(0);
      expect(service.said()).toEqual(["running", "server closed, stopping true", "store closed"]);
      expect(service.logged().map(({ msg }) => msg)).toEqual(["stopping", "stopped"]);
      expect(service.output.stderr).toBe("");
    },
  );

  it("P41: counts the same signal twice, as from Ctrl-C under npm, as one", async () => {
    const service = run(`
      let times = 0;
      defer("slow", () => { times += 1; return new Promise((resolve) => setTimeout(resolve, 150)); });
      defer("count", () => say("closing " + times));
      setInterval(() => {}, 1000); say("running");
      process.emit("SIGINT", "SIGINT"); process.emit("SIGINT", "SIGINT");`);
    expect(await service.exit()).toBe(0);
    expect(service.said()).toEqual(["running", "closing 0"]);
  });

  it("P41: exits at once on a second signal", async () => {
    const service = run(`defer("stuck", () => { say("closing"); return forever(); }); say("running");
      setInterval(() => {}, 1000);`);
    await service.says("running");
    service.kill("SIGTERM");
    await service.says("closing");
    const insist = setInterval(() => service.kill("SIGTERM"), 50);
    expect(await service.exit()).toBe(1);
    clearInterval(insist);
    expect(service.logged().at(-1)).toMatchObject({ level: "warn", msg: "forced to stop", closing: "stuck" });
  });

  it("P41: exits with 1 after the deadline and names the resource that didn't close", async () => {
    const service = run(
      `defer("store", () => say("store closed")); defer("stuck", forever); say("running"); setInterval(() => {}, 1000);`,
      { options: "deadlineMs: 200" },
    );
    await service.says("running");
    service.kill("SIGTERM");
    expect(await service.exit()).toBe(1);
    expect(service.logged().at(-1)).toMatchObject({ level: "fatal", closing: "stuck" });
  });

  it("P41: logs a failed close, closes the rest, and exits with 1", async () => {
    const service = run(`
      defer("store", () => say("store closed"));
      defer("throws", () => { throw new Error("no"); });
      defer("rejects", () => Promise.reject(new Error("no")));
      setInterval(() => {}, 1000); say("running");`);
    await service.says("running");
    service.kill("SIGTERM");
    expect(await service.exit()).toBe(1);
    expect(service.said()).toEqual(["running", "store closed"]);
    const failures = service.logged().filter(({ level }) => level === "error");
    expect(failures.map(({ closing }) => closing)).toEqual(["rejects", "throws"]);
  });

  it("P41: a signal during the start closes what is open, and what is opened later", async () => {
    const service = run(`
      defer("store", async () => { say("store closing"); await late; await null; say("store closed"); });
      const late = new Promise((resolve) => stopping.addEventListener("abort", () => setTimeout(resolve, 50)));
      setInterval(() => {}, 1000); say("starting");
      await late;
      defer("late", () => say("late closed"));
      throw new Error("stopped in the middle");`);
    await service.says("starting");
    service.kill("SIGTERM");
    expect(await service.exit()).toBe(0);
    expect(service.said()).toEqual(["starting", "store closing", "store closed", "late closed"]);
    expect(service.output.stderr).toBe("");
  });
});

describe("a service that cannot start", () => {
  it("writes one line to stderr for each invalid variable, without its value, and exits with 1", async () => {
    const service = run(
      `defer("store", () => say("store closed"));
       readEnv({ PORT: fields.port(1), ...pick("DRAIN_MS", "REDIS_URL", "LOG_LEVEL") });`,
      { env: { PORT: "hunter2", REDIS_URL: "hunter2", LOG_LEVEL: "loud" } },
    );
    expect(await service.exit()).toBe(1);
    expect(service.output.stderr.split("\n")).toEqual([
      "test: PORT must be a whole number from 0 to 65,535",
      "test: REDIS_URL must be a redis:// or rediss:// URL, or redis+sentinel://host:port,host:port/name-of-the-master",
      "test: LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent",
      "",
    ]);
    expect(service.output.stdout).toBe("store closed\n");
  });

  it("writes any other error as one line without stack or password, and exits with 1", async () => {
    const body = `throw new Error("no answer from redis://u:hunter2@h:1\\nand more");`;
    const service = run(body);
    expect(await service.exit()).toBe(1);
    expect(service.output.stderr).toBe("test: cannot start: no answer from redis://[redacted]@h:1\n");
    const debug = run(body, { env: { LOG_LEVEL: "debug" } });
    expect(await debug.exit()).toBe(1);
    expect(debug.output.stderr).toMatch(/\n {4}at /);
    expect(debug.output.stderr).not.toContain("hunter2");
  });

  it("exits even if a resource doesn't close", async () => {
    const service = run(`defer("stuck", forever); throw new Error("no");`, { options: "deadlineMs: 100" });
    expect(await service.exit()).toBe(1);
    expect(service.output.stderr).toBe("test: cannot start: no\n");
  });
});

describe("a service that fails", () => {
  it.each([
    ["thrown", `setTimeout(() => { throw new Error("a fault"); });`],
    ["rejected", `setTimeout(() => { void Promise.reject(new Error("a fault")); });`],
  ])("logs an uncaught error as fatal and exits with 1 at once: %s", async (_how, fault) => {
    const service = run(`defer("store", () => say("store closed")); setInterval(() => {}, 1000); ${fault}`);
    expect(await service.exit()).toBe(1);
    expect(service.logged()).toMatchObject([{ level: "fatal", err: { type: "Error", message: "a fault" } }]);
    expect(service.said()).toEqual([]);
  });

  it("writes a readable log on a terminal, including the last line", async () => {
    const service = run(
      `setTimeout(() => { throw new Error("a fault of redis://u:hunter2@h"); }); log.info({ port: 80 }, "listening");`,
      // Pretends to be a terminal, because a real one isn't available everywhere.
      { options: `deadlineMs: (process.stdout.isTTY = true, 1000)` },
    );
    expect(await service.exit()).toBe(1);
    expect(service.logged()).toEqual([]);
    expect(service.output.stdout).toMatch(
      /INFO.*listening.*"port":80.*\n.*FATAL.*uncaught error: a fault of [^\n]*\n$/,
    );
    expect(service.output.stdout).not.toContain("hunter2");
  });

  it("respects LOG_LEVEL", async () => {
    const service = run(`log.info("quiet"); log.warn("loud"); process.exit(0);`, {
      env: { LOG_LEVEL: "warn" },
    });
    await service.exit();
    expect(service.logged().map(({ msg }) => msg)).toEqual(["loud"]);
  });
});

describe("whatever a library or Node prints", () => {
  it("becomes a line of the log, without the objects' content", async () => {
    const service = run(`
      for (const method of ["log", "info", "warn", "error", "trace", "dir", "table"])
        console[method]("from " + method, { content: "hidden" }, new Error("failed\\nover two lines"));
      console.warn("redis://:hunter2@localhost");
      process.emitWarning("old API", "DeprecationWarning");
      setImmediate(() => process.exit());`);
    await service.exit();
    expect(service.output.stderr).toBe("");
    expect(service.said()).toEqual([]);
    const texts = service.logged().map(({ text, err }) => JSON.stringify(text ?? err));
    expect(texts).toHaveLength(9);
    expect(texts[0]).toBe('"from log thrown: object failed"');
    expect(texts[8]).toContain("old API");
    expect(service.output.stdout).not.toMatch(/hidden|hunter2/);
  });
});

it("stores its compiled code once it runs, so that the next start is quick even if this process is killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-compiled-"));
  try {
    const service = run(TWO_PARTS, { env: { NODE_COMPILE_CACHE: folder } });
    await service.says("running");
    const stored = () => readdirSync(folder, { recursive: true, withFileTypes: true });
    await expect.poll(() => stored().filter((entry) => entry.isFile()).length).toBeGreaterThan(100);
    service.kill("SIGKILL");
    await service.exit();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
