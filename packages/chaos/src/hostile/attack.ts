import type { Attacker } from "./attacker/attacker.ts";
import type { Shape, Target, TargetOptions } from "./target/target.ts";

/** Work that one client can do to harm the others. `run` runs in a process of its own, everything else in ours. */
export interface Attack {
  /** Selects the attack with `--only`. */
  readonly name: string;
  readonly title: string;
  readonly shapes: readonly Shape[];
  /** Upper bound of the attacker's operations per second. */
  readonly perSecond: number;
  /** The things that `perSecond` counts, such as "handshakes". */
  readonly unit: string;
  /** Number of the attacker's accounts. Default 1. Their users are `mallory-0`, `mallory-1` and so on. */
  readonly accounts?: number;
  readonly setup?: Setup;
  /** Does the work until `attacker.turn` resolves with false. Sockets that are open then are destroyed. */
  run(attacker: Attacker): Promise<void>;
}

/** Changes to the system under attack, to its users, and to the sink. They apply to the control as well. */
interface Setup extends TargetOptions {
  /** Duration of one phase in the full form. Default 5,000. */
  readonly phaseMs?: number;
  /** Adds an ordinary user whose link carries this many bytes per second. */
  readonly slowLink?: number;
  /** The users read no history, because the setup takes it away from everybody. */
  readonly hasNoHistory?: true;
  /** Size of the body with which the sink answers a request. Default 100. */
  readonly answerBytes?: number;
  /** Called before each phase, with or without the attack. */
  readonly beforePhase?: (target: Target) => Promise<void>;
  /** Called after each phase. Resolves once the target is as it was before. */
  readonly afterPhase?: (target: Target) => Promise<void>;
}
