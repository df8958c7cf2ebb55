import type { Appender } from "@parley/bus";
import type { Draft } from "@parley/models";
import { expect } from "vitest";
import { draft, type Told, until } from "./fixture.ts";

export const USERS = ["ann", "ben", "cat", "dan"] as const;

export interface Sent {
  readonly id: string;
  readonly draft: Draft;
}

/** Sends until it is ended, a call a millisecond at most, among USERS and to the public room. */
export class Load {
  /** What was acknowledged. */
  readonly sent: Sent[] = [];
  readonly #append: Appender;
  readonly #done: Promise<void>;
  #calls = 0;
  #ending = false;

  constructor(append: Appender) {
    this.#append = append;
    this.#done = this.#run();
  }

  /** Waits for so many more calls. */
  async more(calls: number): Promise<void> {
    const wanted = this.#calls + calls;
    await until(`${calls} more calls`, () => this.#calls >= wanted);
  }

  /** Ends it once at least so many messages are sent. */
  async end(least: number): Promise<readonly Sent[]> {
    await until(`${least} messages are sent`, () => this.sent.length >= least);
    this.#ending = true;
    await this.#done;
    return this.sent;
  }

  async #run(): Promise<void> {
    while (!this.#ending) {
      const round = this.#calls;
      const drafts = [...USERS, ""].map((to, k) => draft(USERS[(round + k) % 4] ?? "", to, `${round}.${k}`));
      const results = await this.#append.append(drafts);
      drafts.forEach((one, k) => {
        const result = results[k];
        if (result?.ok) this.sent.push({ id: result.id, draft: one });
      });
      this.#calls += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

/** L14: calls come in log order, over all audiences; only the last one may be told again. */
export function expectLogOrder(told: readonly Told[]): void {
  const wrong = told.filter(({ id }, i) => id < (told[i - 1]?.id ?? ""));
  expect(wrong).toEqual([]);
}

/** What a receiver for `audience` sees, which drops what is not after the last it got (P21). */
export function seenBy(audience: string, told: readonly Told[]): string[] {
  const ids: string[] = [];
  for (const { audience: of, id } of told) if (of === audience && id > (ids.at(-1) ?? "")) ids.push(id);
  return ids;
}

/** What it should see after `cursor`. */
export function meantFor(audience: string, sent: readonly Sent[], cursor: string): string[] {
  const meant = ({ from, to }: Draft) => (to === "" ? audience === "" : from === audience || to === audience);
  return sent.filter(({ id, draft }) => id > cursor && meant(draft)).map(({ id }) => id);
}
