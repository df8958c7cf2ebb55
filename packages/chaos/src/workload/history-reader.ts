import { setTimeout as delay } from "node:timers/promises";
import type { Message } from "@parley/client";
import type { House } from "../cluster/cluster.ts";
import type { Ledger } from "./ledger.ts";

/** At least; and twice as long as an answer took, since it must not be the load under which a slow store breaks down. */
const PAUSE_MS = 1_000;
const TIMEOUT_MS = 20_000;

/**
 * Reads the public room whole, again and again, during the fault: an answer must hold everything that was
 * acknowledged before it was asked for (P56), or be an error; never less, and never a list that is not in order.
 */
export class Reader {
  answers = 0;
  refusals = 0;
  /** Ids that an answer lacked, or had twice or in another order. */
  readonly missing = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(house: House, ledger: Ledger) {
    this.#running = this.#run(house, ledger);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(house: House, ledger: Ledger): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const due = ledger.acked.filter(({ to }) => to === "").flatMap(({ outcome }) => idOf(outcome) ?? []);
      const asked = performance.now();
      const messages = await read(house, "reader", "/messages").catch(() => undefined);
      if (messages === undefined) this.refusals += 1;
      else this.#compare(due, messages);
      const pauseMs = Math.max(PAUSE_MS, 2 * (performance.now() - asked));
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #compare(due: readonly string[], messages: readonly Message[]): void {
    this.answers += 1;
    const ids = messages.map(({ id }) => id);
    const there = new Set(ids);
    for (const id of due) if (!there.has(id)) this.missing.add(id);
    ids.forEach((id, n) => {
      if (n > 0 && id <= (ids[n - 1] ?? "")) this.missing.add(id);
    });
  }
}

function idOf(outcome: Ledger["sends"][number]["outcome"]): string | undefined {
  return outcome.kind === "acked" ? outcome.id : undefined;
}

/** A whole conversation from history-api. Rejects for anything but a whole answer. */
export async function read(house: House, user: string, path: string): Promise<Message[]> {
  const response = await fetch(house.historyApi.app.url + path, {
    headers: { authorization: `Bearer ${await house.token(user)}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`history answered ${response.status}`);
  return (await response.json()) as Message[];
}
