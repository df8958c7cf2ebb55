import { connectAll } from "./connect-all.ts";
import { Connection, type Target } from "./connection.ts";
import { doneOrQuiet } from "./quiet.ts";
import { serve } from "./serve.ts";
import { stampIn, steadyMicros } from "./stamp.ts";

/** A process of connections that count what they hear. */
export type ListenTasks = typeof tasks;

export interface Heard {
  readonly received: number;
  /** Over all connections, what is missing to the number expected. */
  readonly lost: number;
  /** And what is too much. */
  readonly surplus: number;
  /** Connections that are gone. */
  readonly closed: number;
  /** Of one in `SAMPLE` messages, from when it was due, in µs. */
  readonly latencies: readonly number[];
  /** Of the last sample, in µs of the steady clock. */
  readonly lastAt: number;
}

/** A prime, so that the samples go round all connections, which are written to in one order. */
const SAMPLE = 97;

let connections: Connection[] = [];
let counts = new Uint32Array(0);
let received = 0;
let lastAt = 0;
let latencies: number[] = [];

function hear(index: number, data: Buffer, start: number, length: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
  received += 1;
  if (received % SAMPLE !== 0) return;
  lastAt = steadyMicros();
  const due = stampIn(data, start, length);
  if (due !== undefined) latencies.push(lastAt - due);
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

  /** Counts anew. */
  async begin() {
    counts.fill(0);
    received = 0;
    lastAt = 0;
    latencies = [];
  },

  /** Resolves once every connection has heard `expected` messages, or nothing has come for `quietMs`. */
  async heard({ expected, quietMs }: { expected: number; quietMs: number }): Promise<Heard> {
    const all = expected * counts.length;
    await doneOrQuiet(
      () => received >= all && counts.every((count) => count >= expected),
      () => received,
      quietMs,
    );
    const off = [...counts].map((count) => count - expected);
    return {
      received,
      lost: off.reduce((sum, difference) => sum + Math.max(0, -difference), 0),
      surplus: off.reduce((sum, difference) => sum + Math.max(0, difference), 0),
      closed: connections.filter((connection) => !connection.isOpen).length,
      latencies,
      lastAt,
    };
  },

  async close() {
    for (const connection of connections) connection.close();
    connections = [];
  },
};

serve(tasks);
