import type { Rule } from "./import-rules.ts";
import { isCode } from "./source.ts";
import { withoutStrings } from "./text-rules.ts";

/** The files that may read the wall clock, by the reason. The clock may be set at any moment, and jumps then. */
const WALL_CLOCK_READERS: Readonly<Record<string, readonly string[]>> = {
  "tokens, and what revokes them, state their times by it": [
    "packages/auth/src/issue.ts",
    "packages/auth/src/verifier.ts",
    "packages/auth/src/revocations/judge.ts",
    "apps/gateway/src/wiring.ts",
    "apps/gateway/src/http/revocation-routes.ts",
    "apps/cli/src/commands/revocations.ts",
    "packages/bus/src/memory/memory-revocations.ts",
    "packages/bus/src/redis/revocations/known-revocations.ts",
    "packages/testkit/src/bus/contract-revocations.ts",
    "packages/chaos/src/hostile/attacker/wrong-tokens.ts",
    "packages/chaos/src/hostile/target/issuer.ts",
  ],
  "ids are made from it or compared with it": [
    "packages/bus/src/memory/memory-bus.ts",
    "packages/bus/src/redis/append/append-call.ts",
    "packages/bus/src/redis/append/reappend.ts",
    "apps/persister/src/persister.ts",
    "packages/chaos/src/hostile/target/stored-messages.ts",
    "packages/chaos/src/faults/redis/f05-redis-stalls.ts",
    "packages/chaos/src/soak/checks/checking.ts",
    "packages/chaos/src/soak/load/history-reads.ts",
    "packages/testkit/src/bus/contract-append.ts",
    "packages/testkit/src/bus/contract-clock.ts",
    "packages/testkit/src/bus/fixture.ts",
  ],
  "it is compared with another machine's wall clock": [
    "packages/bus/src/redis/inspect.ts",
    "packages/store/src/mongo/inspect.ts",
    "apps/cli/src/doctor/servers.ts",
  ],
  "people read the time": [
    "packages/bus/src/redis/consume/dead-letters.ts",
    "packages/bench/src/report/machine.ts",
    "packages/chaos/src/report/write-report.ts",
    "packages/chaos/src/runner/trial.ts",
    "apps/cli/src/server/connect-client.ts",
    "apps/web/src/chat/dates.ts",
    "apps/web/src/ui/status-line.tsx",
  ],
  "the time outlives the process": ["apps/web/src/chat/outbox.ts"],
  "it is the SDK's one module for clocks": ["packages/client/src/timing/clock.ts"],
};
/** A call of one of the waits of vitest, up to its arguments. */
const WAIT = /\bvi\s*\.\s*wait(?:For|Until)\(/g;
const TIMER_SPY = /\bspyOn\(\s*(?:globalThis|global|window),\s*"(?:set|clear)(?:Timeout|Interval|Immediate)"/;

const READERS = new Set(Object.values(WALL_CLOCK_READERS).flat());
const READS_WALL_CLOCK = /\bDate\.now\b|\bnew Date(?:\(\s*\)|(?!\s*\(|\w))|(?<!new )\bDate\(\)/;

/** Durations use a monotonic clock. Only the listed files read the wall clock, for what people and tokens say. */
export const durationsAreMonotonic: Rule = (sources) =>
  sources
    .filter((source) => isCode(source) && !/\.test\.tsx?$|\/test\//.test(source.path))
    .filter(({ path, text }) => !READERS.has(path) && READS_WALL_CLOCK.test(text))
    .map(({ path }) => `${path}: reads the wall clock; measure durations with performance.now()`);

/**
 * `vi.waitFor` and `vi.waitUntil` get a timeout. By default they give up after a second, and a busy machine may stall for
 * longer.
 */
export const waitsHaveTimeouts: Rule = (sources) =>
  sources.filter(isCode).flatMap(({ path, text }) => {
    const code = withoutStrings(text);
    return [...code.matchAll(WAIT)]
      .filter(({ 0: call, index }) => countArguments(code.slice(index + call.length)) < 2)
      .map(({ 0: call }) => `${path}: ${call}…) has no timeout`);
  });

/**
 * No test spies on a timer. The spy of a fake timer is undone after the real timers are back, and sets the fake one again: then
 * no test that follows in the same process gets any time.
 */
export const timersAreNotSpiedOn: Rule = (sources) =>
  sources
    .filter((source) => isCode(source) && TIMER_SPY.test(source.text))
    .map(({ path }) => `${path}: spies on a timer; advance fake timers one by one instead`);

/** Counts the arguments of a call whose opening parenthesis is just before the code. */
function countArguments(code: string): number {
  let [depth, commas] = [1, 0];
  for (const [at, char] of [...code].entries()) {
    if ("([{".includes(char)) depth += 1;
    else if (")]}".includes(char)) depth -= 1;
    if (char === "," && depth === 1 && !/^,\s*\)/.test(code.slice(at))) commas += 1;
    if (depth === 0) break;
  }
  return commas + 1;
}
