import { stampIn, steadyMicros } from "./stamp.ts";

/** Primes, so that the samples go round all connections, which are written to in one order. */
const STRIDES = [1, 3, 7, 13, 31, 61, 97, 193, 389, 769];
/** Enough for a p99.9, and little beside the reading of the frames. */
const WANTED = 10_000;

/** One in how many messages is looked at, where `expected` come. */
export function strideFor(expected: number): number {
  return STRIDES.findLast((stride) => expected / stride >= WANTED) ?? 1;
}

/** Counts messages, and takes the latency of one in `stride`. */
export class Samples {
  received = 0;
  /** Of the last sample, in µs of the steady clock. */
  lastAt = 0;
  /** From when a message was due, in µs. */
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
