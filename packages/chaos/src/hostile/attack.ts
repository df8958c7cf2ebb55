import type { Attacker } from "./attacker/attacker.ts";
import type { Shape, Target, TargetOptions } from "./target/target.ts";

/**
 * Work that one client can do to harm the others. `run` is called in the attacker's own process, everything else in
 * the process of the command.
 */
export interface Attack {
  /** Name of the attack. `--only` selects attacks by their names. */
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
  /** True if the users read no history, because the setup makes history unavailable for everybody. */
  readonly hasNoHistory?: true;
  /** Size of the body with which the sink answers a request. Default 100. */
  readonly answerBytes?: number;
  /** Called before each phase, with or without the attack. */
  readonly beforePhase?: (target: Target) => Promise<void>;
  /** Called after each phase. Resolves once the target is as it was before. */
  readonly afterPhase?: (target: Target) => Promise<void>;
}
