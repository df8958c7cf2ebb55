import { escapeJson, escapeLine } from "../terminal/escape.ts";
import { styled } from "../terminal/io.ts";

/** The result of one check. */
export interface Finding {
  /** The subject: `redis`, `mongo`, `gateway`, … */
  readonly check: string;
  /** `note`: the subject works, but the operator should know something about it. */
  readonly status: "ok" | "note" | "wrong";
  /** The result, for people. Its name in the JSON is `says`. */
  readonly detail: string;
  /** The remedy, if there is one. Its name in the JSON is `mend`. */
  readonly fix?: string;
}

export const ok = (check: string, detail: string): Finding => ({ check, status: "ok", detail });
export const note = (check: string, detail: string, fix?: string): Finding => ({
  check,
  status: "note",
  detail,
  ...(fix !== undefined && { fix }),
});
export const wrong = (check: string, detail: string, fix: string): Finding => ({
  check,
  status: "wrong",
  detail,
  fix,
});

const MARKS = { ok: ["green", "ok   "], note: ["yellow", "note "], wrong: ["red", "WRONG"] } as const;

/** Formats a finding for people: one line, and a second line with the remedy if there is one. */
export function formatFinding({ check, status, detail, fix }: Finding): string {
  const [colour, mark] = MARKS[status];
  const line = `${styled(colour, mark)} ${check.padEnd(12)} ${escapeLine(detail)}`;
  return fix === undefined ? line : `${line}\n${" ".repeat(19)}→ ${escapeLine(fix)}`;
}

/** Formats a finding for programs: one line of JSON. */
export function formatFindingJson({ check, status, detail, fix }: Finding): string {
  return escapeJson({ check, status, says: detail, ...(fix !== undefined && { mend: fix }) });
}
