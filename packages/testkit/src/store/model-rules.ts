import { isDeepStrictEqual } from "node:util";
import { conversationOf, formatId, type LogMessage, PUBLIC_CONVERSATION } from "@parley/models";
import type { InsertOutcome, Store } from "@parley/store";
import fc from "fast-check";
import { expect, it } from "vitest";
import { inIdOrder } from "./messages.ts";
import { everything, newPlace, type OpenAt } from "./opening.ts";

const USERS = ["a", "b"];
/** So few of everything that most messages collide with others, in one way or in both. */
const message: fc.Arbitrary<LogMessage> = fc.record(
  {
    id: fc.nat(11).map((seq) => formatId({ ms: 1_700_000_000_000, seq })),
    from: fc.constantFrom(...USERS),
    to: fc.constantFrom("", ...USERS),
    content: fc.constantFrom("x", "y"),
    ref: fc.constantFrom("r", "s"),
  },
  { requiredKeys: ["id", "from", "to", "content"], noNullPrototype: true },
);

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ insert: fc.array(message, { maxLength: 8 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      after: fc.option(fc.nat(12), { nil: undefined }),
      before: fc.option(fc.nat(12), { nil: undefined }),
      limit: fc.integer({ min: 1, max: 14 }),
    }),
  },
);

/** What a store is, as plainly as it can be said. */
class Model {
  readonly kept: LogMessage[] = [];

  insert(batch: readonly LogMessage[]): InsertOutcome[] {
    const inserted = batch.map((given) => this.#insertOne(given));
    return batch.map((given, i) => (inserted[i] ? { kind: "stored" } : this.#judge(given)));
  }

  #insertOne(given: LogMessage): boolean {
    if (this.#findById(given) || this.findByRef(given)) return false;
    this.kept.push(given);
    this.kept.sort(inIdOrder);
    return true;
  }

  #judge(given: LogMessage): InsertOutcome {
    const atRef = this.findByRef(given);
    const { ref: _, ...bare } = given;
    const lostItsRef = atRef !== undefined && atRef.content !== given.content;
    const forms = lostItsRef ? [given, bare] : [given];
    if (forms.some((form) => isDeepStrictEqual(form, this.#findById(given)))) return { kind: "stored" };
    if (atRef) return { kind: atRef.content === given.content ? "duplicateOf" : "refReused", id: atRef.id };
    return { kind: "idConflict" };
  }

  #findById(given: LogMessage): LogMessage | undefined {
    return this.kept.find(({ id }) => id === given.id);
  }

  findByRef(given: LogMessage): LogMessage | undefined {
    if (given.ref === undefined) return undefined;
    const { from, to, ref } = given;
    return this.kept.find((kept) => kept.from === from && kept.to === to && kept.ref === ref);
  }

  /** Newest first. */
  lasts(user: string): LogMessage[] {
    const own = this.kept.filter(({ from, to }) => to !== "" && (to === user || from === user));
    const last = new Map(own.map((kept) => [conversationOf(kept.from, kept.to), kept]));
    return [...last.values()].sort(inIdOrder).reverse();
  }

  within(sees: (kept: LogMessage) => boolean, after = "", before = "~"): LogMessage[] {
    return this.kept.filter((kept) => sees(kept) && kept.id > after && kept.id < before);
  }
}

function idOf(n: number | undefined): string | undefined {
  return n === undefined ? undefined : formatId({ ms: 1_700_000_000_000, seq: n });
}

export function modelRules(openAt: OpenAt, numRuns: number): void {
  it("L13, P51, P53, P57: whatever is inserted in whatever order, a store answers as the model does", async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const store = openAt(newPlace());
      try {
        await store.prepare();
        const model = new Model();
        for (const taken of steps) {
          if ("insert" in taken) await compareInsert(store, model, taken.insert);
          else
            await compareReads(store, model, {
              ...taken,
              after: idOf(taken.after),
              before: idOf(taken.before),
            });
        }
        await compareReads(store, model, { after: undefined, before: undefined, limit: 100 });
      } finally {
        await store.close();
      }
    });
    await fc.assert(property, { numRuns });
  });
}

async function compareInsert(store: Store, model: Model, batch: readonly LogMessage[]): Promise<void> {
  expect(await store.insert(batch)).toEqual(model.insert(batch));
  const byRef = new Set(batch.map((given) => model.findByRef(given)).filter((kept) => kept !== undefined));
  expect(new Set(await store.findByRef(batch))).toEqual(byRef);
}

async function compareReads(
  store: Store,
  model: Model,
  { after, before, limit }: { after: string | undefined; before: string | undefined; limit: number },
): Promise<void> {
  for (const conversation of [PUBLIC_CONVERSATION, "a:a", "a:b", "b:b"]) {
    const inIt = (kept: LogMessage) => conversationOf(kept.from, kept.to) === conversation;
    const within = model.within(inIt, after, before);
    expect(await store.page(conversation, { after, before, limit, newest: false })).toEqual(
      within.slice(0, limit),
    );
    expect(await store.page(conversation, { after, before, limit, newest: true })).toEqual(
      within.slice(-limit),
    );
    expect(await everything(store, conversation)).toEqual(model.within(inIt));
  }
  for (const user of [...USERS, "nobody"]) {
    const sees = ({ from, to }: LogMessage) => to === "" || to === user || from === user;
    const within = model.within(sees, after, before);
    expect(await store.sync(user, { after, before, limit })).toEqual(within.slice(0, limit));
    const lasts = model.lasts(user).filter(({ id }) => id < (before ?? "~"));
    const { messages } = await store.conversations(user, { before, limit });
    expect(messages).toEqual(lasts.slice(0, limit));
  }
  expect(await store.lastId()).toBe(model.kept.at(-1)?.id ?? formatId({ ms: 0, seq: 0 }));
}
