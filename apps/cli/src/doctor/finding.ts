import { printable, printableJson } from "../terminal/escape.ts";
import { styled } from "../terminal/io.ts";

/** One thing that was looked at. */
export interface Finding {
  /** What: `redis`, `mongo`, `gateway`, … */
  readonly check: string;
  /** `note`: works, but an operator should know. */
  readonly status: "ok" | "note" | "wrong";
  /** How it stands. */
  readonly says: string;
  /** How to mend it, where it is not ok. */
  readonly mend?: string;
}

export const ok = (check: string, says: string): Finding => ({ check, status: "ok", says });
export const note = (check: string, says: string, mend?: string): Finding => ({
  check,
  status: "note",
  says,
  ...(mend !== undefined && { mend }),
});
export const wrong = (check: string, says: string, mend: string): Finding => ({
  check,
  status: "wrong",
  says,
  mend,
});

const MARKS = { ok: ["green", "ok   "], note: ["yellow", "note "], wrong: ["red", "WRONG"] } as const;

/** For people: one line, and one more where something is to be done. */
export function findingLine({ check, status, says, mend }: Finding): string {
  const [colour, mark] = MARKS[status];
  const line = `${styled(colour, mark)} ${check.padEnd(12)} ${printable(says)}`;
  return mend === undefined ? line : `${line}\n${" ".repeat(19)}→ ${printable(mend)}`;
}

export function findingJson({ check, status, says, mend }: Finding): string {
  return printableJson({ check, status, says, ...(mend !== undefined && { mend }) });
}
