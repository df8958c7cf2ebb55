/** A build stage of a Dockerfile. The parser knows only the syntax that deploy/Dockerfile uses. */
export interface Stage {
  readonly name: string;
  /** The stage or image that this stage starts from. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** An instruction, such as `COPY a b` with the name `COPY` and the text `a b`. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** Parses the named stages of a Dockerfile. */
export function stagesOf(dockerfile: string): Stage[] {
  const lines = dockerfile.replaceAll(/^\s*#.*\n/gm, "").replaceAll(/\\\n/g, " ");
  return lines.split(/^FROM /m).flatMap((text) => {
    const [head = "", ...rest] = text.split("\n").filter((line) => line.trim() !== "");
    const [, from, name] = /^(\S+) AS (\S+)$/.exec(head) ?? [];
    if (from === undefined || name === undefined) return [];
    return [{ name, from, instructions: rest.map(instructionOf) }];
  });
}

/** Returns all instructions of a stage's image. The instructions of the stages that it starts from come first. */
export function instructionsOf(stages: readonly Stage[], name: string): readonly Instruction[] {
  const stage = stages.find((each) => each.name === name);
  return stage ? [...instructionsOf(stages, stage.from), ...stage.instructions] : [];
}

/** Returns the variables that `ENV A=1 B=2` instructions set, by name. */
export function variablesOf(instructions: readonly Instruction[]): Record<string, string> {
  const settings = instructions.filter(({ name }) => name === "ENV").flatMap(({ text }) => text.split(" "));
  return Object.fromEntries(settings.map((setting) => setting.split("=", 2)));
}

/** Returns the program and arguments of the last `CMD [...]` or `HEALTHCHECK … CMD [...]`. */
export function commandOf(instructions: readonly Instruction[], name: "CMD" | "HEALTHCHECK"): string[] {
  const text = instructions.findLast((each) => each.name === name)?.text ?? "";
  return JSON.parse(/\[.*\]/.exec(text)?.[0] ?? "[]");
}

function instructionOf(line: string): Instruction {
  const [, name = "", text = ""] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? [];
  return { name, text };
}
