import { Samples } from "../samples.ts";
import { connectAll } from "../socket/connect-all.ts";
import { Connection, type Endpoint } from "../socket/connection.ts";
import { type WaitLimits, waitUntilDone } from "../wait.ts";
import { serve } from "./serve.ts";

/** Tasks of a load process whose connections count the messages that they receive. */
export type ListenTasks = typeof tasks;

/** The result of one run, for the listeners of this process. */
export interface ListenResult {
  readonly received: number;
  /** Number of expected messages that didn't arrive, summed over all connections that read. */
  readonly lost: number;
  /** Number of messages beyond the expected number, summed over all connections that read. */
  readonly surplus: number;
  /** Number of connections that have closed, among those that read. */
  readonly closed: number;
  /** Latencies of the sampled messages, each from the time when the message was due, in µs. */
  readonly latencies: readonly number[];
  /** Time of the last sample, in µs of the steady clock; 0 without samples. */
  readonly lastAt: number;
}

let connections: Connection[] = [];
let counts = new Uint32Array(0);
let samples = new Samples(1);
/** Number of connections that don't read. They come first in `connections`. */
let stalled = 0;

function onMessage(index: number, data: Buffer, start: number, length: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
  if (index >= stalled) samples.add(data, start, length);
}

const tasks = {
  async connect({ endpoint, tokens }: { endpoint: Endpoint; tokens: readonly string[] }) {
    counts = new Uint32Array(tokens.length);
    const opened = await connectAll(tokens, (token, index) =>
      Connection.open(endpoint, token, (kind, data, start, length) => {
        if (kind === "message") onMessage(index, data, start, length);
      }),
    );
    connections = opened.connections;
    return { elapsedMs: opened.elapsedMs };
  },

  /** Makes the first connection stop reading. */
  async stallOne() {
    stalled = 1;
    connections[0]?.stopReading();
  },

  /** Resets the counts and samples one message in `stride` from now on. */
  async reset({ stride }: { stride: number }) {
    counts.fill(0);
    samples = new Samples(stride);
  },

  /** Resolves once every connection that reads has received `expected` messages, or a limit is reached. */
  async collect({ expected, limits }: { expected: number; limits: WaitLimits }): Promise<ListenResult> {
    const readers = () => counts.subarray(stalled);
    const total = expected * (counts.length - stalled);
    await waitUntilDone(
      () => samples.received >= total && readers().every((count) => count >= expected),
      () => samples.received,
      limits,
    );
    const differences = [...readers()].map((count) => count - expected);
    return {
      received: samples.received,
      lost: differences.reduce((sum, difference) => sum + Math.max(0, -difference), 0),
      surplus: differences.reduce((sum, difference) => sum + Math.max(0, difference), 0),
      closed: connections.slice(stalled).filter((connection) => !connection.isOpen).length,
      latencies: samples.latencies,
      lastAt: samples.lastAt,
    };
  },

  /** Resolves once no message has arrived for `quietMs`, or after `maxMs`. */
  async waitUntilQuiet(limits: WaitLimits) {
    await waitUntilDone(
      () => false,
      () => samples.received,
      limits,
    );
  },
};

serve(tasks);
