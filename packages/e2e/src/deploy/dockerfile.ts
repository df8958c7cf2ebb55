/** What a Dockerfile says, as far as ours goes: stages of instructions, each with the stage that it begins from. */
export interface Stage {
  readonly name: string;
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

export interface Instruction {
  readonly name: string;
  readonly text: string;
}

export function stagesOf(dockerfile: string): Stage[] {
  const lines = dockerfile.replaceAll(/^\s*#.*\n/gm, "").replaceAll(/\\\n/g, " ");
  return lines.split(/^FROM /m).flatMap((text) => {
    const [head = "", ...rest] = text.split("\n").filter((line) => line.trim() !== "");
    const [, from, name] = /^(\S+) AS (\S+)$/.exec(head) ?? [];
    if (from === undefined || name === undefined) return [];
    return [{ name, from, instructions: rest.map(instructionOf) }];
  });
}

/** All that makes an image of this stage, those of the stages before it first. */
export function instructionsOf(stages: readonly Stage[], name: string): readonly Instruction[] {
  const stage = stages.find((each) => each.name === name);
  return stage ? [...instructionsOf(stages, stage.from), ...stage.instructions] : [];
}

/** Every value that the instruction sets, by its name: `ENV A=1 B=2`. */
export function variablesOf(instructions: readonly Instruction[]): Record<string, string> {
  const settings = instructions.filter(({ name }) => name === "ENV").flatMap(({ text }) => text.split(" "));
  return Object.fromEntries(settings.map((setting) => setting.split("=", 2)));
}

/** The program and its arguments, of the last `CMD [...]` or `HEALTHCHECK … CMD [...]`. */
export function commandOf(instructions: readonly Instruction[], name: "CMD" | "HEALTHCHECK"): string[] {
  const text = instructions.findLast((each) => each.name === name)?.text ?? "";
  return JSON.parse(/\[.*\]/.exec(text)?.[0] ?? "[]");
}

function instructionOf(line: string): Instruction {
  const [, name = "", text = ""] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? [];
  return { name, text };
}
