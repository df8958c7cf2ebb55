import { randomFrom } from "@parley/testkit";
import type { Fault } from "../faults/fault.ts";

/** One step of F18: a pause, then one fault, or two that affect different components. */
export interface Step {
  readonly pauseMs: number;
  readonly faultIds: readonly string[];
}

type Candidate = Pick<Fault, "id" | "affects">;

const PAUSE_MS = { min: 200, max: 2_000 };
/** Probability that a step has two faults, if two faults that affect different components are left. */
const PAIR_PROBABILITY = 0.4;

/**
 * Generates an endless schedule that is the same for the same seed. Every fault comes once before any fault is
 * repeated. The order is shuffled again each time.
 */
export function* schedule(seed: number, faults: readonly Candidate[]): Generator<Step, never, void> {
  const random = randomFrom(seed);
  const drawable = faults.filter(({ affects }) => affects !== undefined);
  if (drawable.length === 0) throw new RangeError("a schedule needs at least one fault that may be drawn");
  for (;;) {
    const left = shuffled(drawable, random);
    for (let first = left.shift(); first !== undefined; first = left.shift()) {
      const partner = random() < PAIR_PROBABILITY ? left.find((other) => !overlap(first, other)) : undefined;
      if (partner) left.splice(left.indexOf(partner), 1);
      const pauseMs = Math.round(PAUSE_MS.min + random() * (PAUSE_MS.max - PAUSE_MS.min));
      yield { pauseMs, faultIds: [first.id, ...(partner ? [partner.id] : [])] };
    }
  }
}

function overlap({ affects: some = [] }: Candidate, { affects: others = [] }: Candidate): boolean {
  return some.some((component) => others.includes(component));
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(Math.floor(random() * left.length), 1));
}
