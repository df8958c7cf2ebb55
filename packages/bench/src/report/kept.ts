const BEGIN =
  "<!-- kept: what stands from here on is written by hand, and stays when the command writes this file -->";
const END = "<!-- /kept -->";

/** A new version of a generated file with what people wrote into the old one. */
export function withKept(generated: string, old: string | undefined): string {
  const begin = old?.indexOf(BEGIN) ?? -1;
  const end = old?.indexOf(END) ?? -1;
  const kept = old !== undefined && begin >= 0 && end > begin ? old.slice(begin + BEGIN.length, end) : "\n\n";
  return `${generated.trimEnd()}\n\n${BEGIN}${kept}${END}\n`;
}
