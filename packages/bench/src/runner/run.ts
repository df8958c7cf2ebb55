import { commandFor, type Options } from "../options.ts";
import { describeMachine } from "../report/machine.ts";
import type { Report } from "../report/report.ts";
import { append } from "../scenarios/append.ts";
import { busyRoom } from "../scenarios/busy-room.ts";
import { call } from "../scenarios/call.ts";
import { fanOut, largeRoom } from "../scenarios/fan-out.ts";
import { gateways } from "../scenarios/gateways.ts";
import { history } from "../scenarios/history.ts";
import { idle } from "../scenarios/idle.ts";
import { latency } from "../scenarios/latency.ts";
import { persister } from "../scenarios/persister.ts";
import { privateMessages } from "../scenarios/private.ts";
import { slowReader } from "../scenarios/slow-reader.ts";
import { preparePeers } from "../targets/prepare-peers.ts";
import { withUnavailable } from "../targets/unavailable.ts";
import { planFor } from "./plan.ts";
import { TimeLeft } from "./progress.ts";
import { QuietWait } from "./quiet.ts";
import { type Result, runScenario } from "./rounds.ts";
import type { Scenario } from "./scenario.ts";

const ALL: readonly Scenario[] = [
  fanOut,
  largeRoom,
  privateMessages,
  gateways,
  busyRoom,
  slowReader,
  append,
  call,
  latency,
  idle,
  persister,
  history,
];

/** Seconds since the start of the process. */
const now = (): number => performance.now() / 1000;

interface RunDeps {
  /** Logs progress, with the remaining time in seconds once it is known. */
  log(text: string, secondsLeft?: number): void;
}

/** Runs the selected scenarios. Rejects only if nothing can be measured at all. */
export async function run(options: Options, { log }: RunDeps): Promise<Report> {
  const plan = planFor(options.quick);
  const selected = ALL.filter(({ name }) => options.only.includes(name));
  const unavailable = await preparePeers(selected, log);
  log("looking for Redis and MongoDB");
  const machine = await describeMachine();
  const scenarios = selected.map((scenario) => withUnavailable(scenario, unavailable));
  const time = new TimeLeft(scenarios, plan);
  const quiet = new QuietWait({ seconds: options.wait });
  const results: Result[] = [];
  for (const scenario of scenarios) {
    const result = await runScenario(scenario, {
      plan,
      log: (text) => log(text, time.left(now())),
      untilQuiet: (log) => quiet.untilQuiet(log),
      turn: (state, one) => (state === "begins" ? time.begin(one, now()) : time.end(now())),
    });
    results.push(result);
  }
  return {
    machine,
    rounds: plan.rounds,
    command: commandFor(options),
    took: now(),
    quiet: quiet.result,
    unavailable: [...unavailable].map(([peer, reason]) => ({ peer, ...reason })),
    results,
  };
}
