import { isDeepStrictEqual } from "node:util";
import {
  conversationOf,
  formatId,
  isSameContent,
  type LogMessage,
  laterOf,
  PUBLIC_CONVERSATION,
} from "@parley/models";
import type { InsertOutcome, Store } from "@parley/store";
import fc from "fast-check";
import { expect, it } from "vitest";
import { inIdOrder } from "./messages.ts";
import { everything, newPlace, type OpenAt } from "./opening.ts";

const USERS = ["a", "b"];
/** There are so few ids, users and refs that most messages collide with others by id, by ref or by both. */
const message: fc.Arbitrary<LogMessage> = fc.record(
  {
    id: fc.nat(11).map((seq) => formatId({ ms: 1_700_000_000_000, seq })),
    from: fc.constantFrom(...USERS),
    to: fc.constantFrom("", ...USERS),
    content: fc.constantFrom("x", "y"),
    meta: fc.constant('{"x":1}'),
    ref: fc.constantFrom("r", "s"),
  },
  { requiredKeys: ["id", "from", "to", "content"], noNullPrototype: true },
);

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      insert: fc.array(message, { maxLength: 8 }),
      mayBeStored: fc.boolean(),
      keepAliases: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      after: fc.option(fc.nat(12), { nil: undefined }),
      before: fc.option(fc.nat(12), { nil: undefined }),
      limit: fc.integer({ min: 1, max: 14 }),
    }),
  },
);

/** A store in memory, as simple as possible. Every adapter must answer like it. */
class Model {
  readonly stored: LogMessage[] = [];
  /** The greatest id that each user has sent to another one. */
  readonly sent = new Map<string, string>();
  /** The ids of the stored messages, by alias. */
  readonly aliases = new Map<string, string>();

  insert(batch: readonly LogMessage[], keepAliases: boolean): InsertOutcome[] {
    const inserted = batch.map((message) => this.#insertOne(message));
    const outcomes = batch.map(
      (message, i): InsertOutcome => (inserted[i] ? { kind: "stored" } : this.#judge(message)),
    );
    batch.forEach(({ id, from, to }, i) => {
      const outcome = outcomes[i];
      const isSent = outcome?.kind === "stored" || (keepAliases && outcome?.kind === "duplicateOf");
      if (isSent && to !== "")
        this.sent.set(`${from}:${to}`, laterOf(this.sent.get(`${from}:${to}`) ?? "", id));
      if (!keepAliases || outcome?.kind !== "duplicateOf" || this.#findById({ id })) return;
      if (!this.aliases.has(id)) this.aliases.set(id, outcome.id);
      this.#nameAlias(outcome.id, id);
    });
    return outcomes;
  }

  /** The greatest alias that was ever named for each message. */
  readonly #also = new Map<string, string>();

  #nameAlias(id: string, alias: string): void {
    if ((this.#also.get(id) ?? "") < alias) this.#also.set(id, alias);
  }

  /** Returns a stored message as reads show it. */
  shown<Message extends LogMessage | undefined>(message: Message): Message {
    const also = message && this.#also.get(message.id);
    return also === undefined ? message : { ...message, also };
  }

  /** Returns the message with an id, or the one for which an alias stands. */
  findById(id: string): LogMessage | undefined {
    const alias = this.aliases.get(id) ?? "";
    return this.shown(this.#findById({ id }) ?? this.#findById({ id: alias }));
  }

  #insertOne(message: LogMessage): boolean {
    if (this.#findById(message) || this.findByRef(message)) return false;
    this.stored.push(message);
    this.stored.sort(inIdOrder);
    return true;
  }

  #judge(message: LogMessage): InsertOutcome {
    const atRef = this.findByRef(message);
    const { ref: _, ...bare } = message;
    const lostItsRef = atRef !== undefined && !isSameContent(atRef, message);
    const forms = lostItsRef ? [message, bare] : [message];
    if (forms.some((form) => isDeepStrictEqual(form, this.#findById(message)))) return { kind: "stored" };
    if (atRef) return { kind: isSameContent(atRef, message) ? "duplicateOf" : "refReused", id: atRef.id };
    return { kind: "idConflict" };
  }

  #findById(message: Pick<LogMessage, "id">): LogMessage | undefined {
    return this.stored.find(({ id }) => id === message.id);
  }

  findByRef(message: LogMessage): LogMessage | undefined {
    if (message.ref === undefined) return undefined;
    const { from, to, ref } = message;
    return this.stored.find((one) => one.from === from && one.to === to && one.ref === ref);
  }

  /** Returns the last message of each private conversation of the user, newest first. */
  lastMessages(user: string): LogMessage[] {
    const own = this.stored.filter(({ from, to }) => to !== "" && (to === user || from === user));
    const last = new Map(own.map((one) => [conversationOf(one.from, one.to), one]));
    return [...last.values()]
      .sort(inIdOrder)
      .reverse()
      .map((one) => this.shown(one));
  }

  within(sees: (message: LogMessage) => boolean, after = "", before = "~"): LogMessage[] {
    const within = this.stored.filter((one) => sees(one) && one.id > after && one.id < before);
    return within.map((one) => this.shown(one));
  }
}

function idOf(n: number | undefined): string | undefined {
  return n === undefined ? undefined : formatId({ ms: 1_700_000_000_000, seq: n });
}

/** Store contract: random inserts and reads, compared with the model. */
export function modelRules(openAt: OpenAt, numRuns: number): void {
  it("L13, P51, P53, P57: after any inserts in any order, a store answers like the model", async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const store = openAt(newPlace());
      try {
        await store.prepare();
        const model = new Model();
        for (const taken of steps) {
          if ("insert" in taken) await compareInsert(store, model, taken);
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

async function compareInsert(
  store: Store,
  model: Model,
  {
    insert: batch,
    mayBeStored,
    keepAliases,
  }: { insert: readonly LogMessage[]; mayBeStored: boolean; keepAliases: boolean },
): Promise<void> {
  expect(await store.insert(batch, { mayBeStored, keepAliases })).toEqual(model.insert(batch, keepAliases));
  const holders = new Set(
    batch.map((message) => model.findByRef(message)).filter((one) => one !== undefined),
  );
  const byRef = new Set([...holders].map((one) => model.shown(one)));
  expect(new Set(await store.findByRef(batch))).toEqual(byRef);
  for (const { id } of batch) expect(await store.findById(id)).toEqual(model.findById(id));
}

async function compareReads(
  store: Store,
  model: Model,
  { after, before, limit }: { after: string | undefined; before: string | undefined; limit: number },
): Promise<void> {
  for (const conversation of [PUBLIC_CONVERSATION, "a:a", "a:b", "b:b"]) {
    const inIt = (one: LogMessage) => conversationOf(one.from, one.to) === conversation;
    const within = model.within(inIt, after, before);
    expect(await store.page(conversation, { after, before, limit, newest: false })).toEqual(
      within.slice(0, limit),
    );
    expect(await store.page(conversation, { after, before, limit, newest: true })).toEqual(
      within.slice(-limit),
    );
    expect(await everything(store, conversation)).toEqual(model.within(inIt));
  }
  const all = model.within(() => true, after, before);
  expect(await store.feed({ after, before, limit })).toEqual(all.slice(0, limit));
  for (const user of [...USERS, "nobody"]) {
    const sees = ({ from, to }: LogMessage) => to === "" || to === user || from === user;
    const within = model.within(sees, after, before);
    expect(await store.sync(user, { after, before, limit })).toEqual(within.slice(0, limit));
    const lastMessages = model.lastMessages(user).filter(({ id }) => id < (before ?? "~"));
    const { messages } = await store.conversations(user, { before, limit });
    expect(messages).toEqual(lastMessages.slice(0, limit));
    const names = ["", ...USERS].map((other) => ({ user, with: other }));
    expect(await store.marks.find(names)).toEqual(
      names.map(({ with: to }) => model.sent.get(`${user}:${to}`)),
    );
  }
  const ids = [...model.stored.map(({ id }) => id), ...model.aliases.keys()].sort();
  expect(await store.lastId()).toBe(ids.at(-1) ?? formatId({ ms: 0, seq: 0 }));
}
