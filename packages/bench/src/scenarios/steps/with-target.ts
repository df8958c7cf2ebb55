import type { Plan } from "../../runner/plan.ts";
import type { Case, Context, Row } from "../../runner/scenario.ts";
import type { RunningTarget, Target } from "../../targets/target.ts";

/** Approximate time to start and stop a target. */
const START_SECONDS = 3;

/** Builds a case that starts a fresh target, measures it, and always stops it, also after a failure. */
export function caseOf(
  target: Target,
  seconds: (plan: Plan) => number,
  measure: (running: RunningTarget, context: Context) => Promise<Omit<Row, "subject">[]>,
): Case {
  return {
    name: target.name,
    seconds: (plan) => START_SECONDS + seconds(plan),
    async run(context) {
      context.log(`starting ${target.name}`);
      const running = await target.start();
      try {
        const log = (text: string): void => context.log(`${target.name}, ${text}`);
        const rows = await measure(running, { ...context, log });
        return rows.map((row) => ({ subject: target.name, ...row }));
      } finally {
        await running.stop();
      }
    },
  };
}

/** Formats a number as `20,000`. */
export const withThousands = (value: number): string => value.toLocaleString("en-US");

/** The measurements of a row whose load was skipped. */
export const SKIPPED = { figures: {}, loadShare: Number.NaN, machineShare: Number.NaN } as const;
