import { setMaxListeners } from "node:events";
import { sleep } from "@parley/async";
import { ATTACKS } from "../attacks/index.ts";
import { Attacker, type Orders } from "./attacker.ts";
import { serveOrders } from "./worker.ts";

export interface AttackOrder extends Orders {
  /** Name of the attack. */
  readonly attack: string;
  readonly ms: number;
}

export interface AttackReport {
  readonly operations: number;
  /** Times of the operations, in ms after the start. */
  readonly turnsAtMs: readonly number[];
  readonly refusals: number;
  readonly ms: number;
}

/** An attack that is still running this long after its time is cut off. */
const GRACE_MS = 5_000;

serveOrders(async ({ attack: name, ms, ...orders }: AttackOrder): Promise<AttackReport> => {
  const attack = ATTACKS.find((each) => each.name === name);
  if (!attack) throw new Error(`there is no attack ${name}`);
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  const attacker = new Attacker(orders, over.signal);
  const startedAt = performance.now();
  const timer = setTimeout(() => over.abort(), ms);
  try {
    await Promise.race([attack.run(attacker), sleep(ms + GRACE_MS)]);
    // An attack whose connections are all refused may end early. The phase lasts as long as ordered.
    await sleep(Math.max(0, startedAt + ms - performance.now()));
    const { operations, turnsAtMs, refusals } = attacker;
    return { operations, turnsAtMs, refusals, ms: performance.now() - startedAt };
  } finally {
    clearTimeout(timer);
    over.abort();
    attacker.close();
  }
});
