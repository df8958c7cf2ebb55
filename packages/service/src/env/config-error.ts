/**
 * Settings that an operator must correct before the process can start. Each problem is one line: the setting, the
 * fault and the remedy. A problem never holds a value that may be a secret.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: string | readonly string[]) {
    const list = typeof problems === "string" ? [problems] : problems;
    super(list.join("\n"));
    this.problems = list;
  }
}
