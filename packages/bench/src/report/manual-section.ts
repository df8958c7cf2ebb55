/** Markers around the hand-written section of docs/performance.md. */
const BEGIN =
  "<!-- kept: what stands from here on is written by hand, and stays when the command writes this file -->";
const END = "<!-- /kept -->";

/** Appends the hand-written section of the old file, between its markers, to a newly generated one. */
export function withManualSection(generated: string, old: string | undefined): string {
  const begin = old?.indexOf(BEGIN) ?? -1;
  const end = old?.indexOf(END) ?? -1;
  const hasSection = old !== undefined && begin >= 0 && end > begin;
  const section = hasSection ? old.slice(begin + BEGIN.length, end) : "\n\n";
  return `${generated.trimEnd()}\n\n${BEGIN}${section}${END}\n`;
}
