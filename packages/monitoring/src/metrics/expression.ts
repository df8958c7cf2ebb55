/** A metric in an expression, with its label matchers. */
export interface Selector {
  readonly name: string;
  readonly matchers: readonly Matcher[];
}

export interface Matcher {
  readonly label: string;
  /** The values that the matcher names: several for a regular expression of alternatives. */
  readonly values: readonly string[];
}

const SELECTOR = /\b(parley[_:][\w:]+)(?:\{([^}]*)\})?/g;
const MATCHER = /(\w+)(=~|=)"([^"]*)"/g;

/** Returns the metrics of ours that a PromQL expression reads. */
export function selectorsOf(expr: string): readonly Selector[] {
  return [...expr.matchAll(SELECTOR)].map(([, name = "", inner = ""]) => ({
    name,
    matchers: [...inner.matchAll(MATCHER)].map(([, label = "", operator, value = ""]) => ({
      label,
      values: operator === "=~" ? value.split("|") : [value],
    })),
  }));
}

/** Returns the labels by which an expression groups its result. */
export function groupLabelsOf(expr: string): readonly string[] {
  return [...expr.matchAll(/\bby \(([^)]+)\)/g)].flatMap(([, names = ""]) => names.split(/,\s*/));
}
