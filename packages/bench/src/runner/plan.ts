/** Sizes and durations of all scenarios. Times are in ms. Rates are deliveries/s in rooms, messages/s otherwise. */
export interface Plan {
  readonly rounds: number;
  readonly fanOut: RoomPlan;
  readonly largeRoom: RoomPlan;
  readonly private: ChatPlan & {
    /** One step is measured at each rate. */
    readonly rates: readonly number[];
    /** The rate for two gateways on one port. */
    readonly twoWorkers: number;
  };
  /** Gateways without connections: only their buses, on one Redis. `rate` is that of all together. */
  readonly gateways: ChatPlan & { readonly gateways: number; readonly rate: number };
  /** Calls to the log, one at a time over each of some connections. */
  readonly call: {
    readonly connections: number;
    readonly drafts: number;
    readonly warmUpMs: number;
    readonly ms: number;
  };
  /** Private messages while a public room is busy. `listeners` includes the `users` who write. */
  readonly busyRoom: ChatPlan & {
    readonly rate: number;
    readonly listeners: number;
    readonly roomRate: number;
  };
  readonly slowReader: RoomPlan & { readonly bytes: number };
  readonly append: {
    readonly senders: number;
    readonly window: number;
    readonly warmUpMs: number;
    readonly ms: number;
  };
  readonly latency: { readonly count: number; readonly pauseMs: number };
  readonly idle: { readonly connections: number; readonly warmUp: number; readonly settleMs: number };
  readonly persister: Sized<{ readonly messages: number }>;
  readonly history: Sized<{ readonly messages: number; readonly streamed: number }> & {
    readonly readers: number;
    readonly warmUpMs: number;
    readonly ms: number;
  };
}

interface RoomPlan {
  readonly listeners: number;
  /** One step is measured at each rate. Once a target is far behind, higher rates are skipped. */
  readonly rates: readonly number[];
  readonly warmUp: { readonly rate: number; readonly ms: number };
  readonly stepMs: number;
  /** Duration of one step of the capacity search; 0 for no search. */
  readonly searchMs: number;
}

interface ChatPlan {
  readonly users: number;
  readonly warmUp: { readonly rate: number; readonly ms: number };
  readonly stepMs: number;
}

/**
 * Sizes for each kind of MongoDB. SecantusDB is slow, so large sizes would measure SecantusDB and not its clients.
 */
type Sized<T> = Readonly<Record<"mongod" | "secantus", T>>;

/** Default size of a message's content. */
export const CONTENT_BYTES = 100;

const FULL: Plan = {
  rounds: 3,
  fanOut: {
    listeners: 500,
    rates: [20_000, 50_000, 150_000, 500_000],
    warmUp: { rate: 50_000, ms: 2_000 },
    stepMs: 3_000,
    searchMs: 1_500,
  },
  largeRoom: {
    listeners: 2_000,
    rates: [100_000, 500_000],
    warmUp: { rate: 50_000, ms: 1_500 },
    stepMs: 3_000,
    searchMs: 0,
  },
  private: {
    users: 1_000,
    rates: [2_000, 5_000, 10_000],
    twoWorkers: 10_000,
    warmUp: { rate: 2_000, ms: 2_000 },
    stepMs: 3_000,
  },
  gateways: {
    gateways: 8,
    users: 1_000,
    rate: 4_000,
    warmUp: { rate: 2_000, ms: 1_500 },
    stepMs: 4_000,
  },
  call: { connections: 8, drafts: 64, warmUpMs: 1_000, ms: 3_000 },
  busyRoom: {
    users: 1_000,
    rate: 2_000,
    listeners: 2_000,
    roomRate: 100_000,
    warmUp: { rate: 2_000, ms: 1_500 },
    stepMs: 3_000,
  },
  slowReader: {
    listeners: 500,
    rates: [20_000],
    bytes: 6_000,
    warmUp: { rate: 20_000, ms: 2_000 },
    stepMs: 3_000,
    searchMs: 0,
  },
  append: { senders: 24, window: 64, warmUpMs: 2_000, ms: 3_000 },
  latency: { count: 600, pauseMs: 5 },
  idle: { connections: 5_000, warmUp: 1_000, settleMs: 1_500 },
  persister: { mongod: { messages: 150_000 }, secantus: { messages: 20_000 } },
  history: {
    mongod: { messages: 50_000, streamed: 200_000 },
    secantus: { messages: 100, streamed: 10_000 },
    readers: 8,
    // A long warm-up: a slow MongoDB serves few pages a second, and Node doesn't optimize code that ran only a few
    // hundred times.
    warmUpMs: 15_000,
    ms: 3_000,
  },
};

const QUICK: Plan = {
  rounds: 1,
  fanOut: { ...FULL.fanOut, warmUp: { rate: 50_000, ms: 1_000 }, stepMs: 1_500, searchMs: 0 },
  largeRoom: { ...FULL.largeRoom, stepMs: 1_500 },
  private: { ...FULL.private, warmUp: { rate: 2_000, ms: 1_000 }, stepMs: 1_500 },
  gateways: { ...FULL.gateways, stepMs: 2_000 },
  call: { ...FULL.call, ms: 1_500 },
  busyRoom: { ...FULL.busyRoom, stepMs: 1_500 },
  slowReader: { ...FULL.slowReader, stepMs: 1_500 },
  append: { ...FULL.append, warmUpMs: 1_000, ms: 2_000 },
  latency: { ...FULL.latency, count: 200 },
  idle: { connections: 2_000, warmUp: 500, settleMs: 500 },
  persister: { mongod: { messages: 60_000 }, secantus: { messages: 6_000 } },
  history: {
    ...FULL.history,
    mongod: { messages: 50_000, streamed: 50_000 },
    secantus: { messages: 100, streamed: 3_000 },
    warmUpMs: 4_000,
    ms: 2_000,
  },
};

/** Returns the plan of a quick run or of a full one. */
export const planFor = (quick: boolean): Plan => (quick ? QUICK : FULL);
