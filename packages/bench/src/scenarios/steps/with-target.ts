import type { Plan } from "../../runner/plan.ts";
import type { Case, Context, Row } from "../../runner/scenario.ts";
import type { RunningSubject, Subject } from "../../targets/target.ts";

/** To start a subject and to stop it, about. */
const START_SECONDS = 3;

/** Measures a fresh subject, and stops it in any case. */
export function caseOf(
  subject: Subject,
  seconds: (plan: Plan) => number,
  measure: (running: RunningSubject, context: Context) => Promise<Omit<Row, "subject">[]>,
): Case {
  return {
    name: subject.name,
    seconds: (plan) => START_SECONDS + seconds(plan),
    async run(context) {
      context.say(`starting ${subject.name}`);
      const running = await subject.start();
      try {
        const say = (text: string): void => context.say(`${subject.name}, ${text}`);
        const rows = await measure(running, { ...context, say });
        return rows.map((row) => ({ subject: subject.name, ...row }));
      } finally {
        await running.stop();
      }
    },
  };
}

/** `20,000` */
export const inThousands = (value: number): string => value.toLocaleString("en-US");

/** Of a load that a subject is not asked for. */
export const NOT_TRIED = { figures: {}, loadShare: Number.NaN, machineShare: Number.NaN } as const;
