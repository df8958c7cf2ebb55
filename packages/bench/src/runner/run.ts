import { commandFor, type Options } from "../options.ts";
import { describeMachine } from "../report/machine.ts";
import type { Report } from "../report/report.ts";
import { append } from "../scenarios/append.ts";
import { busyRoom } from "../scenarios/busy-room.ts";
import { fanOut, largeRoom } from "../scenarios/fan-out.ts";
import { history } from "../scenarios/history.ts";
import { idle } from "../scenarios/idle.ts";
import { latency } from "../scenarios/latency.ts";
import { persister } from "../scenarios/persister.ts";
import { privateMessages } from "../scenarios/private.ts";
import { slowReader } from "../scenarios/slow-reader.ts";
import { PEER_TARGETS } from "../targets/all.ts";
import { installPeers } from "../targets/peers-folder.ts";
import { planFor } from "./plan.ts";
import { TimeLeft } from "./progress.ts";
import { type Result, runScenario } from "./rounds.ts";
import type { Scenario } from "./scenario.ts";

const ALL: readonly Scenario[] = [
  fanOut,
  largeRoom,
  privateMessages,
  busyRoom,
  slowReader,
  append,
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
  const withoutPeers = await installPeers(log);
  if (withoutPeers !== undefined)
    log(`THE PEERS COULD NOT BE INSTALLED, so only Parley is measured: ${withoutPeers}`);
  log("looking for Redis and MongoDB");
  const machine = await describeMachine({ withPeers: withoutPeers === undefined });
  const selected = ALL.filter(({ name }) => options.only.includes(name));
  const scenarios = withoutPeers === undefined ? selected : selected.map(withoutPeerCases);
  const time = new TimeLeft(scenarios, plan);
  const results: Result[] = [];
  for (const scenario of scenarios) {
    const result = await runScenario(scenario, {
      plan,
      log: (text) => log(text, time.left(now())),
      turn: (state, one) => (state === "begins" ? time.begin(one, now()) : time.end(now())),
    });
    results.push(result);
  }
  return {
    machine,
    rounds: plan.rounds,
    command: commandFor(options),
    took: now(),
    withoutPeers: withoutPeers !== undefined,
    results,
  };
}

function withoutPeerCases(scenario: Scenario): Scenario {
  const peers = PEER_TARGETS.map(({ name }) => name);
  return { ...scenario, cases: scenario.cases.filter(({ name }) => !peers.includes(name)) };
}
