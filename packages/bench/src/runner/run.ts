import { commandFor, type Options } from "../options.ts";
import { describeMachine } from "../report/machine.ts";
import type { Report } from "../report/report.ts";
import { append } from "../scenarios/append.ts";
import { beside } from "../scenarios/beside.ts";
import { fanOut, largeRoom } from "../scenarios/fan-out.ts";
import { history } from "../scenarios/history.ts";
import { idle } from "../scenarios/idle.ts";
import { latency } from "../scenarios/latency.ts";
import { persister } from "../scenarios/persister.ts";
import { privateMessages } from "../scenarios/private.ts";
import { slowReader } from "../scenarios/slow-reader.ts";
import { PEER_SUBJECTS } from "../targets/all.ts";
import { installPeers } from "../targets/peers-folder.ts";
import { planFor } from "./plan.ts";
import { TimeLeft } from "./progress.ts";
import { measure, type Result } from "./rounds.ts";
import type { Measurement } from "./scenario.ts";

const ALL: readonly Measurement[] = [
  fanOut,
  largeRoom,
  privateMessages,
  beside,
  slowReader,
  append,
  latency,
  idle,
  persister,
  history,
];

/** In seconds since the start of the process. */
const now = (): number => performance.now() / 1000;

interface Progress {
  /** With the time that is left, in seconds, once that is known. */
  say(text: string, left?: number): void;
}

/** Measures what was asked for. Rejects only where nothing can be measured at all. */
export async function run(options: Options, { say }: Progress): Promise<Report> {
  const plan = planFor(options.quick);
  const withoutPeers = await installPeers(say);
  if (withoutPeers !== undefined)
    say(`THE PEERS CANNOT BE INSTALLED, Parley is measured alone: ${withoutPeers}`);
  say("finding Redis and MongoDB");
  const machine = await describeMachine({ withPeers: withoutPeers === undefined });
  const asked = ALL.filter(({ name }) => options.only.includes(name));
  const measurements = withoutPeers === undefined ? asked : asked.map(withoutPeerCases);
  const time = new TimeLeft(measurements, plan);
  const results: Result[] = [];
  for (const measurement of measurements) {
    const result = await measure(measurement, {
      plan,
      say: (text) => say(text, time.left(now())),
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

function withoutPeerCases(measurement: Measurement): Measurement {
  const peers = PEER_SUBJECTS.map(({ name }) => name);
  return { ...measurement, cases: measurement.cases.filter(({ name }) => !peers.includes(name)) };
}
