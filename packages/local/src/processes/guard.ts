import { spawn } from "node:child_process";

/**
 * Kills a child process if its parent dies without stopping it. The guard is a shell that reads from a pipe whose
 * other end only the parent holds. When the parent exits in any way, including SIGKILL, the pipe closes. The guard
 * then kills the process group that it watches and removes the scratch folder. It needs a POSIX shell (Linux, macOS).
 */
export interface Guard {
  /** Watches this process group from now on, instead of the previous one. */
  watch(pid: number): void;
  /** Stops watching. Call this once the process has exited, because its id may be reused. */
  forget(): void;
  /** Ends the guard without killing or removing anything. */
  end(): void;
}

const SCRIPT = `
group=
while read -r line; do group=$line; done
[ -z "$group" ] || kill -s KILL -- "-$group" 2>/dev/null
[ -z "$1" ] || rm -rf -- "$1"
`;

/** Starts a guard. `scratch` is a folder to remove when the parent dies, if any. */
export function startGuard(scratch = ""): Guard {
  const shell = spawn("sh", ["-c", SCRIPT, "guard", scratch], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.unref();
  // The child keeps running without its guard if the guard was killed or could not be started.
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  return {
    watch: (pid) => void shell.stdin.write(`${pid}\n`),
    forget: () => void shell.stdin.write("\n"),
    end: () => void shell.kill("SIGKILL"),
  };
}
