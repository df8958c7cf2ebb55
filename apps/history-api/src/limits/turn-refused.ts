import { PoolFull, type Release } from "@parley/async";
import type { Refusal } from "./fair-budget.ts";

/** A read was refused, because too many reads of its user, of its address or of all callers wait (see `share`). */
export class TurnRefused extends Error {
  override readonly name = "TurnRefused";
  readonly share: Refusal;

  constructor(share: Refusal) {
    super("too many reads wait");
    this.share = share;
  }
}

/** Resolves with a place in a pool. Rejects with TurnRefused if the pool is full. `own` is what its keys stand for. */
export async function orRefuse(own: Refusal, place: Promise<Release>): Promise<Release> {
  try {
    return await place;
  } catch (error) {
    throw error instanceof PoolFull ? new TurnRefused(error.limit === "key" ? own : "all") : error;
  }
}
