/** The apps that an upgrade replaces. */
export const COMPONENTS = ["gateway", "persister", "history-api"] as const;

export type Component = (typeof COMPONENTS)[number];

/** A step of an upgrade. */
export type Step =
  /** Replaces one of the two processes of an app with another build. */
  | {
      readonly kind: "replace";
      readonly component: Component;
      readonly index: 0 | 1;
      readonly to: "old" | "new";
    }
  /** Causes a fault in which a process of each build must continue the other's work. */
  | { readonly kind: "fault" }
  /** Restarts the persisters with this value of `ENTRIES`, the format of what is written. */
  | { readonly kind: "entries"; readonly value: "1" | "2" };

/** An order in which the apps are upgraded. */
export interface Order {
  /** Name for `--only`. */
  readonly id: string;
  readonly components: readonly Component[];
  /** True if Redis runs under Sentinels. */
  readonly isSentinelled: boolean;
}

export const FIRST_ORDER: Order = { id: "g-p-h", components: COMPONENTS, isSentinelled: false };

/** Every order of the apps, and the first one with Redis under Sentinels. */
export const ORDERS: readonly Order[] = [
  ...permutations(COMPONENTS).map((components) => ({
    id: components.map(([initial]) => initial).join("-"),
    components,
    isSentinelled: false,
  })),
  { ...FIRST_ORDER, id: "sentinel", isSentinelled: true },
];

/**
 * Plans an upgrade, the way back in the reverse order, and both a second time. In the first upgrade a fault is caused
 * while each build has one persister. If the new build knows `ENTRIES`, the second upgrade raises and lowers it.
 */
export function planOf({ components }: Order, knowsEntries: boolean): readonly Step[] {
  const upgrade = components.flatMap((component) =>
    ([0, 1] as const).map((index) => ({ kind: "replace", component, index, to: "new" }) as const),
  );
  const back = upgrade.toReversed().map((step) => ({ ...step, to: "old" }) as const);
  const firstUpgrade = upgrade.flatMap((step) =>
    step.component === "persister" && step.index === 0 ? [step, { kind: "fault" } as const] : [step],
  );
  const entries = (["2", "1"] as const).map((value) => ({ kind: "entries", value }) as const);
  return [...firstUpgrade, ...back, ...upgrade, ...(knowsEntries ? entries : []), ...back];
}

/** Names a step for progress and errors. */
export function describeStep(step: Step): string {
  if (step.kind === "fault") return "a fault between the builds";
  if (step.kind === "entries") return `ENTRIES=${step.value}`;
  return `${step.component} ${step.index + 1} of the ${step.to} build`;
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}
