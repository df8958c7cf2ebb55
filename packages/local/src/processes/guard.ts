import { spawn } from "node:child_process";

/**
 * Ends a child process where its parent dies without doing so: a shell that reads from a pipe whose other end only
 * the parent holds. However the parent ends, by SIGKILL too, the pipe closes, and the guard kills the process group
 * that it was told of last and removes the scratch folder. It needs a POSIX shell: Linux and macOS.
 */
export interface Guard {
  /** From now on this process group is killed when the parent dies. */
  watch(pid: number): void;
  /** The process is gone: its id may soon be another one's. */
  forget(): void;
  /** Ends the guard, which then does nothing more. */
  end(): void;
}

const SCRIPT = `
group=
while read -r line; do group=$line; done
[ -z "$group" ] || kill -s KILL -- "-$group" 2>/dev/null
[ -z "$1" ] || rm -rf -- "$1"
`;

/** `scratch`: a folder that lives as long as the parent. */
export function startGuard(scratch = ""): Guard {
  const shell = spawn("sh", ["-c", SCRIPT, "guard", scratch], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.unref();
  // Who killed the guard wants none; the child lives on all the same.
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  return {
    watch: (pid) => void shell.stdin.write(`${pid}\n`),
    forget: () => void shell.stdin.write("\n"),
    end: () => void shell.kill("SIGKILL"),
  };
}
