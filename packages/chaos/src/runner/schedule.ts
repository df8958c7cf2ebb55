import type { Fault } from "../faults/fault.ts";
import { randomFrom } from "./random.ts";

/** What F18 does at one time: one fault, or two that strike at different parts, after a pause. */
export interface Step {
  readonly afterMs: number;
  readonly together: readonly string[];
}

type Candidate = Pick<Fault, "id" | "touches">;

const PAUSE_MS = { least: 200, most: 2_000 };
/** How often two strike together, where two can. */
const PAIRED = 0.4;

/**
 * An endless schedule of these faults: the same for the same seed. Every fault comes once before any comes again, in an
 * order that is shuffled each time.
 */
export function* schedule(seed: number, faults: readonly Candidate[]): Generator<Step, never, void> {
  const random = randomFrom(seed);
  const drawable = faults.filter(({ touches }) => touches !== undefined);
  if (drawable.length === 0) throw new RangeError("a schedule needs a fault");
  for (;;) {
    const left = shuffled(drawable, random);
    for (let first = left.shift(); first !== undefined; first = left.shift()) {
      const partner = random() < PAIRED ? left.find((other) => !clash(first, other)) : undefined;
      if (partner) left.splice(left.indexOf(partner), 1);
      const afterMs = Math.round(PAUSE_MS.least + random() * (PAUSE_MS.most - PAUSE_MS.least));
      yield { afterMs, together: [first.id, ...(partner ? [partner.id] : [])] };
    }
  }
}

function clash({ touches: some = [] }: Candidate, { touches: others = [] }: Candidate): boolean {
  return some.some((part) => others.includes(part));
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(Math.floor(random() * left.length), 1));
}
