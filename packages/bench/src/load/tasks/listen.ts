import { doneOrQuiet, type Patience } from "../quiet.ts";
import { Samples } from "../samples.ts";
import { connectAll } from "../socket/connect-all.ts";
import { Connection, type Target } from "../socket/connection.ts";
import { serve } from "./serve.ts";

/** A process of connections that count what they hear. */
export type ListenTasks = typeof tasks;

export interface Heard {
  readonly received: number;
  /** Over all connections that read, what is missing to the number expected. */
  readonly lost: number;
  /** And what is too much. */
  readonly surplus: number;
  /** Connections that are gone, of those that read. */
  readonly closed: number;
  /** Of a part of the messages, from when each was due, in µs. */
  readonly latencies: readonly number[];
  /** Of the last sample, in µs of the steady clock; 0 for none. */
  readonly lastAt: number;
}

let connections: Connection[] = [];
let counts = new Uint32Array(0);
let samples = new Samples(1);
/** How many of the first connections do not read. */
let deaf = 0;

function hear(index: number, data: Buffer, start: number, length: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
  if (index >= deaf) samples.add(data, start, length);
}

const tasks = {
  async connect({ target, tokens }: { target: Target; tokens: readonly string[] }) {
    counts = new Uint32Array(tokens.length);
    const opened = await connectAll(tokens, (token, index) =>
      Connection.open(target, token, (kind, data, start, length) => {
        if (kind === "message") hear(index, data, start, length);
      }),
    );
    connections = opened.connections;
    return { elapsedMs: opened.elapsedMs };
  },

  /** The first connection reads no more. */
  async deafen() {
    deaf = 1;
    connections[0]?.stopReading();
  },

  /** Counts anew, and looks at one message in `stride`. */
  async begin({ stride }: { stride: number }) {
    counts.fill(0);
    samples = new Samples(stride);
  },

  /** Resolves once every connection that reads has heard `expected` messages, or patience is at its end. */
  async heard({ expected, patience }: { expected: number; patience: Patience }): Promise<Heard> {
    const reading = () => counts.subarray(deaf);
    const all = expected * (counts.length - deaf);
    await doneOrQuiet(
      () => samples.received >= all && reading().every((count) => count >= expected),
      () => samples.received,
      patience,
    );
    const off = [...reading()].map((count) => count - expected);
    return {
      received: samples.received,
      lost: off.reduce((sum, difference) => sum + Math.max(0, -difference), 0),
      surplus: off.reduce((sum, difference) => sum + Math.max(0, difference), 0),
      closed: connections.slice(deaf).filter((connection) => !connection.isOpen).length,
      latencies: samples.latencies,
      lastAt: samples.lastAt,
    };
  },

  /** Resolves once nothing comes any more, or patience is at its end. */
  async settle(patience: Patience) {
    await doneOrQuiet(
      () => false,
      () => samples.received,
      patience,
    );
  },
};

serve(tasks);
