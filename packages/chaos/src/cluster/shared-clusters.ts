import { type House, type HouseKnobs, startHouse } from "./cluster.ts";
import { forgetStored } from "./log-inspection.ts";

/** Where a trial has its house from, and what becomes of it afterwards. */
export interface Houses {
  take(knobs?: HouseKnobs): Promise<House>;
  /** `isWell`: everything held in it, so another trial may have it. */
  leave(house: House, isWell: boolean): Promise<void>;
}

/** Each trial has a new one. */
export const NEW_HOUSES: Houses = { take: startHouse, leave: (house) => house.stop() };

/**
 * Hands a house on to the next trial: to start its processes takes longer than what a small trial does in it. Never
 * one in which something fell, nor one that was made for a single fault. To be closed at the end.
 */
export class SharedHouses implements Houses {
  readonly #start: typeof startHouse;
  readonly #clear: (house: House) => Promise<void>;
  /** All that may be handed on. */
  readonly #shared = new Set<House>();
  readonly #empty: House[] = [];

  constructor(start = startHouse, clear = forgetStored) {
    this.#start = start;
    this.#clear = clear;
  }

  async take(knobs?: HouseKnobs): Promise<House> {
    if (knobs) return this.#start(knobs);
    const house = this.#empty.pop() ?? (await this.#start());
    this.#shared.add(house);
    return house;
  }

  async leave(house: House, isWell: boolean): Promise<void> {
    if (!isWell || !this.#shared.has(house)) return house.stop();
    await this.#clear(house);
    this.#empty.push(house);
  }

  async close(): Promise<void> {
    await Promise.all(this.#empty.splice(0).map((house) => house.stop()));
  }
}
