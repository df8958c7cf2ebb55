/** How much is measured. Times in ms. */
export interface Plan {
  readonly rounds: number;
  readonly fanOut: {
    readonly listeners: number;
    /** Deliveries a second that are asked for, one step each. */
    readonly rates: readonly number[];
    readonly warmUpMs: number;
    readonly stepMs: number;
  };
  readonly append: {
    readonly senders: number;
    readonly window: number;
    readonly warmUpMs: number;
    readonly ms: number;
  };
  readonly persister: Sized<{ readonly messages: number }>;
  readonly history: Sized<{ readonly messages: number }> & {
    readonly readers: number;
    readonly warmUpMs: number;
    readonly ms: number;
  };
  readonly idle: { readonly connections: number; readonly warmUp: number; readonly settleMs: number };
}

/** By what stands for MongoDB: SecantusDB is slow, and would be measured instead of what writes to it. */
type Sized<T> = Readonly<Record<"mongod" | "secantus", T>>;

/** Of the content of every message, in bytes. */
export const CONTENT_BYTES = 100;

const FULL: Plan = {
  rounds: 3,
  fanOut: { listeners: 500, rates: [20_000, 50_000, 150_000], warmUpMs: 2_000, stepMs: 5_000 },
  append: { senders: 24, window: 64, warmUpMs: 2_000, ms: 5_000 },
  persister: { mongod: { messages: 150_000 }, secantus: { messages: 10_000 } },
  history: {
    mongod: { messages: 50_000 },
    secantus: { messages: 100 },
    readers: 16,
    warmUpMs: 3_000,
    ms: 4_000,
  },
  idle: { connections: 1_000, warmUp: 200, settleMs: 5_000 },
};

const QUICK: Plan = {
  rounds: 1,
  fanOut: { ...FULL.fanOut, warmUpMs: 1_000, stepMs: 2_000 },
  append: { ...FULL.append, warmUpMs: 1_000, ms: 3_000 },
  persister: { mongod: { messages: 60_000 }, secantus: { messages: 8_000 } },
  history: { ...FULL.history, warmUpMs: 2_000, ms: 2_000 },
  idle: { ...FULL.idle, settleMs: 1_000 },
};

export const planFor = (quick: boolean): Plan => (quick ? QUICK : FULL);
