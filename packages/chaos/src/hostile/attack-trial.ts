import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { sleep } from "@parley/async";
import type { Attack } from "./attack.ts";
import type { AttackOrder, AttackReport } from "./attacker/attacker-process.ts";
import type { SinkOrder, SinkReport } from "./attacker/sink-process.ts";
import { startWorker, type Worker } from "./attacker/worker.ts";
import { type AttackResult, type Completed, isSlow, type Phase, type Round } from "./result.ts";
import { startTarget } from "./target/start-target.ts";
import type { Shape, Target } from "./target/target.ts";
import { CHECK_TIMEOUT_MS, Health } from "./victim/health.ts";
import { Users } from "./victim/users.ts";

export interface AttackTrialOptions {
  /**
   * Number of rounds. Each round has a phase with the attack and a phase with the control. If the rounds miss a goal of time,
   * there are as many again, and all count: a row has few values above its 99th percentile.
   */
  readonly rounds: number;
  /** True for short phases, as in the test command. */
  readonly short: boolean;
  /** Called with each line of progress. */
  readonly log: (line: string) => void;
}

const PHASE_MS = 5_000;
const SHORT_PHASE_MS = 2_500;
const WARM_UP_MS = 1_500;
/** Longest wait until the users are served again after an attack. If they still aren't, the next phase shows it. */
const RECOVERY_MS = 45_000;
const PROBE_MS = 1_000;
const ORDERS = ["the attack, then the control", "the control, then the attack"] as const;
const DEFAULT_ANSWER_BYTES = 100;
/** Upper bounds for a round and for the start. A trial that takes longer is aborted. */
const MAX_ROUND_MS = 180_000;
const START_MS = 240_000;
/** A trial that seems too slow has this many times as many rounds. */
const MORE_ROUNDS = 2;

/** Everything that runs during a trial. */
interface Running {
  readonly target: Target;
  readonly attacker: Worker<AttackOrder, AttackReport>;
  readonly tokens: readonly string[];
  readonly sinkPort: number;
  readonly users: Users;
  readonly health: Health;
}

/**
 * Runs one attack on one system. In each round the users are measured twice: during the attack, and while the
 * attacker does the same amount of work against a sink. Never rejects; a failure of the trial itself is a result.
 */
export async function attackTrial(
  attack: Attack,
  shape: Shape,
  options: AttackTrialOptions,
): Promise<AttackResult> {
  const closers: (() => unknown)[] = [];
  const overdue = Promise.withResolvers<never>();
  const limitMs = START_MS + MORE_ROUNDS * options.rounds * MAX_ROUND_MS;
  const timer = setTimeout(
    () => overdue.reject(new Error(`the trial was not over after ${limitMs / 1_000} s`)),
    limitMs,
  );
  try {
    const outcome = await Promise.race([runTrial(attack, shape, options, closers), overdue.promise]);
    return { attack, shape, outcome };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { attack, shape, outcome: { kind: "aborted", reason: reason.slice(0, 600) } };
  } finally {
    clearTimeout(timer);
    for (const close of closers.toReversed()) await close();
  }
}

async function runTrial(
  attack: Attack,
  shape: Shape,
  options: AttackTrialOptions,
  closers: (() => unknown)[],
): Promise<Completed> {
  const { log, short } = options;
  const { setup = {} } = attack;
  const phaseMs = short ? SHORT_PHASE_MS : (setup.phaseMs ?? PHASE_MS);
  log(`starts ${shape}${setup.stored ? " with stored messages" : ""}`);
  const running = await startAll(attack, shape, short, closers);
  const { users, health } = running;
  // Warms up: Node compiles code that runs often, and this work must not slow down the first measured phase.
  await users.run(WARM_UP_MS);
  let turnsAtMs: readonly number[] = [];
  const attackPhase = async (ms: number): Promise<Phase> => {
    const attacked = await phase(running, attack, { phaseMs: ms });
    await untilServed(running, log);
    turnsAtMs = attacked.turnsAtMs;
    return attacked;
  };
  const controlPhase = () => phase(running, attack, { phaseMs, turnsAtMs });
  if (!short) await attackPhase(WARM_UP_MS);
  const rounds: Round[] = [];
  let planned = options.rounds;
  for (let n = 1; n <= planned && health.ended.size === 0; n++) {
    // The order alternates, so that the after-effects of an attack don't always slow down the control.
    const isControlFirst = n % 2 === 0;
    log(`round ${n} of ${planned}, ${phaseMs / 1_000} s each: ${ORDERS[isControlFirst ? 1 : 0]}`);
    const control = isControlFirst ? await controlPhase() : undefined;
    const attacked = await attackPhase(phaseMs);
    log(`the attacker did ${attacked.operationsPerSecond.toFixed(0)} ${attack.unit}/s`);
    rounds.push({ attack: attacked, control: control ?? (await controlPhase()) });
    if (n === options.rounds && !short && isSlow(rounds)) {
      planned = MORE_ROUNDS * options.rounds;
      log("slower than the goal so far: measures as many rounds again, and all count");
    }
  }
  const { failedChecks, peakBytes } = health;
  return { kind: "completed", rounds, ended: [...health.ended.values()], failedChecks, peakBytes };
}

async function startAll(
  attack: Attack,
  shape: Shape,
  short: boolean,
  closers: (() => unknown)[],
): Promise<Running> {
  const { setup = {}, accounts = 1 } = attack;
  const target = await startTarget(shape, setup);
  closers.push(() => target.stop());
  const attacker = startWorker<AttackOrder, AttackReport>(processFile("attacker-process.ts"));
  closers.push(() => attacker.stop());
  const sink = startWorker<SinkOrder, SinkReport>(processFile("sink-process.ts"));
  closers.push(() => sink.stop());
  const { port } = await sink.call({ answerBytes: setup.answerBytes ?? DEFAULT_ANSWER_BYTES });
  const tokens = await Promise.all(
    Array.from({ length: accounts }, (_, index) => target.token(`mallory-${index}`)),
  );
  const users = await Users.connect(target, { readsHistory: !setup.hasNoHistory, slowLink: setup.slowLink });
  closers.push(() => users.close());
  const health = new Health(target.apps, short ? CHECK_TIMEOUT_MS.short : CHECK_TIMEOUT_MS.full);
  closers.push(() => health.stop());
  return { target, attacker, tokens, sinkPort: port, users, health };
}

interface PhaseOptions {
  readonly phaseMs: number;
  /**
   * Times of an attack's operations. If they are given, this is a control: the attacker does as many of them against the
   * sink instead of the target, and at the same times. The users share the machine with the attacker, so 200 operations at
   * once slow them down more than 200 in two seconds, wherever they are sent.
   */
  readonly turnsAtMs?: readonly number[];
}

interface AttackPhase extends Phase {
  readonly turnsAtMs: readonly number[];
}

async function phase(running: Running, attack: Attack, options: PhaseOptions): Promise<AttackPhase> {
  const { target, attacker, tokens, users, health } = running;
  const { phaseMs, turnsAtMs } = options;
  const sink = { host: "127.0.0.1", port: running.sinkPort };
  const addressOf = (url: string) =>
    turnsAtMs ? sink : { host: "127.0.0.1", port: Number(new URL(url).port) };
  const order = {
    attack: attack.name,
    ms: phaseMs,
    perSecond: attack.perSecond,
    turnsAtMs,
    tokens,
    gateway: addressOf(target.gateway.url),
    history: addressOf(target.history.url),
  };
  await attack.setup?.beforePhase?.(target);
  const own = monitorEventLoopDelay({ resolution: 10 });
  try {
    await health.takeLoopDelay();
    own.enable();
    const [samples, report] = await Promise.all([users.run(phaseMs), attacker.call(order)]);
    const operationsPerSecond = (1_000 * report.operations) / report.ms;
    own.disable();
    const { refusals } = report;
    const loopDelayMs = await health.takeLoopDelay();
    const ownDelayMs = own.max / 1e6;
    return { samples, operationsPerSecond, turnsAtMs: report.turnsAtMs, refusals, loopDelayMs, ownDelayMs };
  } finally {
    await attack.setup?.afterPhase?.(target);
  }
}

/** Waits until the users are served again, so that the control doesn't measure the end of the attack. */
async function untilServed({ target, users, health }: Running, log: (line: string) => void): Promise<void> {
  if (health.ended.size === 0) await target.untilStored();
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  for (;;) {
    const { refusals } = await users.run(PROBE_MS);
    if (refusals.size === 0 || health.ended.size > 0) break;
    if (elapsedMs() > RECOVERY_MS) {
      log(`the users are still refused ${(elapsedMs() / 1_000).toFixed(0)} s after the attack`);
      return;
    }
    await sleep(PROBE_MS);
  }
}

function processFile(name: string): string {
  return join(import.meta.dirname, "attacker", name);
}
