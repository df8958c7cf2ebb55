import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { until } from "@parley/async";
import { onTestFinished } from "vitest";
import type { Deployment } from "./shapes.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const MAIN = join(ROOT, "apps/cli/dist/main.js");
const COMPILED = join(ROOT, ".cache/node");

type Env = Readonly<Record<string, string>>;

/** The output and exit code of a command. The code is null when a signal killed the command. */
export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A running command with separate output streams. It is killed at the end of the test. */
class RunningCommand {
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
    // Ignores errors of writing to a command that has already ended.
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

  /** Resolves once standard output, or standard error, matches the pattern. */
  async printed(pattern: RegExp, stream: "out" | "err" = "out"): Promise<void> {
    await until(
      () => pattern.test(this[stream]),
      () => `${pattern} in ${stream}; printed: ${this.out}\n${this.err}`,
    );
  }
}

/**
 * Returns functions that run `parley` against a deployment. From this machine's environment, the commands get only
 * PATH and HOME.
 */
export function parleyFor(deployment: Deployment) {
  const url = deployment.gateways[0].replace(/^ws/, "http").replace(/\/ws$/, "");
  const base = { PARLEY_URL: url, PARLEY_HISTORY_URL: deployment.historyUrl };
  return {
    url,
    start: (args: readonly string[], env: Env = {}) => startParley(args, { ...base, ...env }),
    run: (args: readonly string[], env: Env = {}, input = "") => runParley(args, { ...base, ...env }, input),
    /** Returns the environment of a user, which contains the user's token. */
    async as(user: string): Promise<Env> {
      return { PARLEY_TOKEN: await deployment.token(user) };
    },
    /**
     * Sends the message "probe" to `to` until the tail prints it. From then on, the tail is live and prints every
     * message.
     */
    async untilLive(tail: RunningCommand, to: string, env: Env): Promise<void> {
      while (!tail.out.includes("probe")) await runParley(["send", to, "probe"], { ...base, ...env });
    },
    /** Runs a line in bash, in which `parley` is a command. The line fails if any command of a pipe fails. */
    async shell(line: string, env: Env = {}): Promise<Outcome> {
      const script = `set -o pipefail; parley() { "$NODE" "$MAIN" "$@"; }; ${line}`;
      const running = startProcess("bash", ["-c", script], { ...base, ...env, NODE: process.execPath, MAIN });
      running.endInput();
      return running.exited;
    },
  };
}

function startParley(args: readonly string[], env: Env): RunningCommand {
  return startProcess(process.execPath, [MAIN, ...args], env);
}

function runParley(args: readonly string[], env: Env, input = ""): Promise<Outcome> {
  const running = startParley(args, env);
  running.type(input);
  running.endInput();
  return running.exited;
}

/** Starts a command with a minimal environment, in the repository's root or another folder. */
export function startProcess(command: string, args: readonly string[], env: Env, cwd = ROOT): RunningCommand {
  const { PATH, HOME } = process.env;
  const all = { PATH, HOME, TZ: "UTC", NODE_COMPILE_CACHE: COMPILED, ...env };
  return new RunningCommand(spawn(command, args, { cwd, env: all, stdio: ["pipe", "pipe", "pipe"] }));
}
