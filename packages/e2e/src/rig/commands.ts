import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { until } from "@parley/async";
import { onTestFinished } from "vitest";
import type { House } from "./shapes.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const MAIN = join(ROOT, "apps/cli/dist/main.js");
const COMPILED = join(ROOT, ".cache/node");

type Env = Readonly<Record<string, string>>;

/** How a command ended. `code` is 128 + n where signal n ended it without its own doing. */
export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command that runs, with its streams apart. */
class Running {
  readonly exited: Promise<Outcome>;
  out = "";
  err = "";
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
    });
    // A command that has ended reads no more.
    child.stdin?.on("error", () => undefined);
    this.exited = new Promise((resolve) => {
      child.once("close", (code) => resolve({ code, out: this.out, err: this.err }));
    });
    onTestFinished(() => void child.kill("SIGKILL"));
  }

  get lines(): string[] {
    return this.out.split("\n").filter((line) => line !== "");
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves once standard output, or standard error, has it. */
  async says(pattern: RegExp, where: "out" | "err" = "out"): Promise<void> {
    await until(
      () => pattern.test(this[where]) || undefined,
      `${pattern} in ${where}, which is: ${this.out}\n${this.err}`,
    );
  }
}

/** `parley` for one house: its addresses are in the environment, and nothing else of this machine is. */
export function parleyFor(house: House) {
  const url = house.gateways[0].replace(/^ws/, "http").replace(/\/ws$/, "");
  const base = { PARLEY_URL: url, PARLEY_HISTORY_URL: house.historyUrl };
  return {
    url,
    start: (args: readonly string[], env: Env = {}) => startParley(args, { ...base, ...env }),
    run: (args: readonly string[], env: Env = {}, input = "") => runParley(args, { ...base, ...env }, input),
    /** As a user with a token. */
    async as(user: string): Promise<Env> {
      return { PARLEY_TOKEN: await house.token(user) };
    },
    /** Until a tail prints what `env` sends to `to`: it is live then, and has nothing of what was sent before. */
    async knock(tail: Running, to: string, env: Env): Promise<void> {
      while (!tail.out.includes("knock")) await runParley(["send", to, "knock"], { ...base, ...env });
    },
    /** A line for bash, where `parley` is the command; it fails where any part of a pipe fails. */
    async shell(line: string, env: Env = {}): Promise<Outcome> {
      const script = `set -o pipefail; parley() { "$NODE" "$MAIN" "$@"; }; ${line}`;
      const running = startProcess("bash", ["-c", script], { ...base, ...env, NODE: process.execPath, MAIN });
      running.endInput();
      return running.exited;
    },
  };
}

function startParley(args: readonly string[], env: Env): Running {
  return startProcess(process.execPath, [MAIN, ...args], env);
}

function runParley(args: readonly string[], env: Env, input = ""): Promise<Outcome> {
  const running = startParley(args, env);
  running.type(input);
  running.endInput();
  return running.exited;
}

/** Any command from the top folder, or from another, as `parley` is started. */
export function startProcess(command: string, args: readonly string[], env: Env, cwd = ROOT): Running {
  const { PATH, HOME } = process.env;
  const all = { PATH, HOME, TZ: "UTC", NODE_COMPILE_CACHE: COMPILED, ...env };
  return new Running(spawn(command, args, { cwd, env: all, stdio: ["pipe", "pipe", "pipe"] }));
}
