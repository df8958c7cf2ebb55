/** A figure of a process that a leak raises. */
export interface Measure {
  readonly name: string;
  /** Size of the unit in which the figure is shown: 1 for counts. */
  readonly unit: number;
  /** Growth over the judged time that is allowed, in the unit. A run twice as long finds a leak half as fast. */
  readonly mayGrow: number;
  /** The same for a run that is judged from its first minutes on, when memory and log still grow to their size. */
  readonly mayGrowYoung: number;
}

export const MIB = 2 ** 20;

/** The figures of each app, by its metric. */
export const APP_MEASURES: readonly (Measure & {
  readonly metric: string;
  readonly labels?: Readonly<Record<string, string>>;
})[] = [
  {
    name: "resident memory",
    metric: "process_resident_memory_bytes",
    unit: MIB,
    mayGrow: 24,
    mayGrowYoung: 100,
  },
  {
    name: "heap used",
    metric: "nodejs_heap_size_used_bytes",
    unit: MIB,
    mayGrow: 12,
    mayGrowYoung: 60,
  },
  { name: "open descriptors", metric: "process_open_fds", unit: 1, mayGrow: 20, mayGrowYoung: 20 },
  {
    name: "active timers",
    metric: "nodejs_active_resources",
    labels: { type: "Timeout" },
    unit: 1,
    mayGrow: 20,
    mayGrowYoung: 20,
  },
  {
    name: "active resources",
    metric: "nodejs_active_resources_total",
    unit: 1,
    mayGrow: 40,
    mayGrowYoung: 40,
  },
];

export const REDIS_MEASURES = {
  keys: { name: "keys", unit: 1, mayGrow: 10, mayGrowYoung: 10 },
  memory: { name: "memory", unit: MIB, mayGrow: 4, mayGrowYoung: 8 },
  entries: { name: "entries of the log", unit: 1, mayGrow: 4_000, mayGrowYoung: 40_000 },
  pending: { name: "pending entries", unit: 1, mayGrow: 200, mayGrowYoung: 200 },
} as const satisfies Readonly<Record<string, Measure>>;

export type RedisMeasure = keyof typeof REDIS_MEASURES;
