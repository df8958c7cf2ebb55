import { stampIn, steadyMicros } from "./stamp.ts";

/** Primes, so that samples cover all connections although the server writes to them in a fixed order. */
const STRIDES = [1, 3, 7, 13, 31, 61, 97, 193, 389, 769];
/** Wanted number of samples: enough for a p99.9, and cheap compared with reading the frames. */
const WANTED = 10_000;

/** Returns the stride for `expected` messages: one message in `stride` is sampled. */
export function strideFor(expected: number): number {
  return STRIDES.findLast((stride) => expected / stride >= WANTED) ?? 1;
}

/** Counts messages and records the latency of one message in `stride`. */
export class Samples {
  received = 0;
  /** Time of the last sample, in µs of the steady clock. */
  lastAt = 0;
  /** Latencies of the sampled messages, each from when the message was due until it was read, in µs. */
  latencies: number[] = [];
  readonly #stride: number;

  constructor(stride: number) {
    this.#stride = stride;
  }

  add(data: Buffer, start: number, length: number): void {
    this.received += 1;
    if (this.received % this.#stride !== 0) return;
    this.lastAt = steadyMicros();
    const due = stampIn(data, start, length);
    if (due !== undefined) this.latencies.push(this.lastAt - due);
  }
}
