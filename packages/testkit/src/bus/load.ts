import { inBackground, until } from "@parley/async";
import type { Appender } from "@parley/bus";
import { type EntryDraft, isChange } from "@parley/models";
import { expect } from "vitest";
import { type Delivered, deletion, draft, edit } from "./fixture.ts";

export const USERS = ["ann", "ben", "cat", "dan"] as const;

export interface Sent {
  readonly id: string;
  readonly draft: EntryDraft;
}

/**
 * Appends messages among USERS and to the public room, and changes of them, until `end` is called. Makes at most one call
 * per millisecond.
 */
export class Load {
  /** What is acknowledged, in log order. */
  readonly sent: Sent[] = [];
  readonly #append: Appender;
  readonly #done: Promise<void>;
  #calls = 0;
  #ending = false;

  constructor(append: Appender) {
    this.#append = append;
    this.#done = inBackground(this.#run());
  }

  /** Waits for `calls` more calls of `append`. */
  async more(calls: number): Promise<void> {
    const wanted = this.#calls + calls;
    await until(() => this.#calls >= wanted, `${calls} more calls`);
  }

  /** Stops once at least `least` entries are acknowledged, and returns all that are. */
  async end(least: number): Promise<readonly Sent[]> {
    await until(() => this.sent.length >= least, `${least} entries are sent`);
    this.#ending = true;
    await this.#done;
    return this.sent;
  }

  async #run(): Promise<void> {
    while (!this.#ending) {
      const round = this.#calls;
      const messages = [...USERS, ""].map((to, k) =>
        draft(USERS[(round + k) % 4] ?? "", to, `${round}.${k}`),
      );
      const drafts = [...messages, ...this.#changes(round)];
      const results = await this.#append.append(drafts);
      drafts.forEach((one, k) => {
        const result = results[k];
        if (result?.ok) this.sent.push({ id: result.id, draft: one });
      });
      this.#calls += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Returns an edit and now and then a deletion, each of a message that was sent a while ago. */
  #changes(round: number): EntryDraft[] {
    const sentAs = (at: number) => {
      const { id, draft } = this.sent.at(at) ?? { id: "", draft: undefined };
      return draft && !isChange(draft) ? { id, draft } : undefined;
    };
    const [edited, deleted] = [sentAs(-9), round % 5 === 0 ? sentAs(-13) : undefined];
    return [
      ...(edited ? [edit(edited.id, edited.draft, `${round} edited`, { meta: '{"n":1}' })] : []),
      ...(deleted ? [deletion(deleted.id, deleted.draft, { by: "moderator" })] : []),
    ];
  }
}

/**
 * Expects that messages were delivered in log order, over all audiences. A message may be delivered twice in a row
 * (L14).
 */
export function expectLogOrder(delivered: readonly Delivered[]): void {
  const wrong = delivered.filter(({ id }, i) => id < (delivered[i - 1]?.id ?? ""));
  expect(wrong).toEqual([]);
}

/**
 * Returns the ids that a receiver for `audience` keeps. A receiver drops each message that isn't after its last one
 * (P21).
 */
export function seenBy(audience: string, delivered: readonly Delivered[]): string[] {
  const ids: string[] = [];
  for (const { audience: of, id } of delivered) if (of === audience && id > (ids.at(-1) ?? "")) ids.push(id);
  return ids;
}

/** Returns the ids after `cursor` that a receiver for `audience` should keep. */
export function meantFor(audience: string, sent: readonly Sent[], cursor: string): string[] {
  const isMeant = ({ from, to }: EntryDraft) =>
    to === "" ? audience === "" : from === audience || to === audience;
  return sent.filter(({ id, draft }) => id > cursor && isMeant(draft)).map(({ id }) => id);
}
