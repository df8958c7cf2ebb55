import type { MarkName } from "@parley/bus";
import { laterOf } from "@parley/models";
import { expect, it } from "vitest";
import { Conversations } from "../queries/conversations.ts";
import { History } from "../queries/history.ts";
import { peerOf } from "../queries/newest-in-tail.ts";
import { RefLookup } from "../queries/ref-lookup.ts";
import { ModelLog, seeded } from "../test/model-log.ts";
import { noDeadline } from "../test/no-deadline.ts";
import { ReadStates } from "./read-states.ts";

const USERS = ["alice", "bob", "carol"];
const NAMES: readonly MarkName[] = USERS.flatMap((user) => USERS.map((other) => ({ user, with: other })));
const keyOf = ({ user, with: other }: MarkName) => `${user}:${other}`;
const ignore = () => undefined;

/** The greatest id of each mark. */
class Greatest extends Map<string, string> {
  of(name: MarkName): string {
    return this.get(keyOf(name)) ?? "";
  }

  raise(name: MarkName, id: string): void {
    this.set(keyOf(name), laterOf(this.of(name), id));
  }
}

/** Marks on their way from users to the log and, by way of two persisters, to the store (L27). */
class ModelMarks {
  readonly raised = new Greatest();
  readonly stored = new Greatest();
  readonly #pending = new Map<string, string>();
  readonly #persisters = [1, 2].map(() => ({ listed: [] as [string, string][], isStored: false }));
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  pending(name: MarkName): string | undefined {
    return this.#pending.get(keyOf(name));
  }

  proceed(ids: readonly string[]): void {
    for (let steps = this.#random() * 6; steps > 1; steps -= 1) {
      const [name, id] = [this.#pick(NAMES), this.#pick(ids)];
      if (this.#random() < 0.7) this.#persist();
      else if (name && id) this.#raise(name, id);
    }
  }

  #raise(name: MarkName, id: string): void {
    this.#pending.set(keyOf(name), laterOf(this.pending(name) ?? "", id));
    this.raised.raise(name, id);
  }

  #persist(): void {
    const persister = this.#pick(this.#persisters);
    if (!persister) return;
    if (persister.listed.length === 0) persister.listed = [...this.#pending];
    else if (!persister.isStored) {
      for (const [key, id] of persister.listed) this.stored.set(key, laterOf(this.stored.get(key) ?? "", id));
      persister.isStored = true;
    } else {
      for (const [key, id] of persister.listed) if (this.#pending.get(key) === id) this.#pending.delete(key);
      Object.assign(persister, { listed: [], isStored: false });
    }
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#random() * from.length)];
  }
}

/** Reads lists of users while the log, the store and the marks go on between any two reads. */
function modelOf(seed: number) {
  const random = seeded(seed);
  const model = new ModelLog(random);
  const marks = new ModelMarks(random);
  const proceed = async () => {
    marks.proceed(model.log.map(({ id }) => id));
    await model.findByIds([]);
  };
  const refLookup = new RefLookup(model, ignore);
  const deps = { follower: model, store: model, refLookup, observe: ignore };
  const found = async (names: readonly MarkName[], of: (name: MarkName) => string | undefined) => {
    await proceed();
    const ids = names.map(of);
    await proceed();
    return ids;
  };
  const readStates = new ReadStates({
    marks: { find: (names) => found(names, (name) => marks.pending(name)) },
    store: {
      marks: {
        keep: async () => [],
        find: (names) =>
          found(names, (name) => laterOf(marks.stored.of(name), model.settledFrom(name.user, name.with))),
      },
    },
    history: new History(deps),
    readReceipts: true,
  });
  const conversations = new Conversations(deps);
  const list = async (user: string) => {
    const page = { before: undefined, limit: 1 + Math.floor(random() * 3) };
    const { messages, position } = await conversations.readPage(user, page, noDeadline());
    const listed = messages.map((last) => ({ with: peerOf(user, last), last, isCounted: random() < 0.5 }));
    const options = { position, deadline: noDeadline(), charge: ignore, giveWay: async () => undefined };
    const states = await readStates.of(user, listed, options);
    return states.map(({ read = "", readBy = "" }, at) => ({ peer: listed[at]?.with ?? "", read, readBy }));
  };
  return { model, marks, list };
}

it("P71: read and readBy never go back, whatever is sent, marked, stored, repeated and dropped meanwhile", async () => {
  let answers = 0;
  for (let seed = 1; seed <= 60; seed += 1) {
    const { model, marks, list } = modelOf(seed);
    const told = new Map(USERS.map((user) => [user, new Greatest()]));
    const sentBy = ({ user, with: other }: MarkName) =>
      model.log.findLast(({ from, to }) => from === user && to === other)?.id ?? "";
    const raisedBy = (name: MarkName) => laterOf(marks.raised.of(name), sentBy(name));
    const storedOf = (name: MarkName) => laterOf(marks.stored.of(name), sentBy(name));
    for (let round = 0; round < 9; round += 1) {
      const user = USERS[round % 3] ?? "";
      const [certain, certainBy] = [raisedBy, storedOf].map(
        (of) => new Map(NAMES.map((n) => [keyOf(n), of(n)])),
      );
      for (const { peer, read, readBy } of await list(user)) {
        const [own, others] = [
          { user, with: peer },
          { user: peer, with: user },
        ];
        const check = (name: MarkName, id: string, least = "") => {
          const where = `seed ${seed}, round ${round}: ${user} about ${keyOf(name)}`;
          expect(id >= laterOf(least, told.get(user)?.of(name) ?? ""), `${where}: ${id}`).toBe(true);
          expect(id <= raisedBy(name), `${where}: ${id} was never reached`).toBe(true);
          told.get(user)?.raise(name, id);
          answers += 1;
        };
        check(own, read, certain?.get(keyOf(own)));
        if (peer !== user) check(others, readBy, certainBy?.get(keyOf(others)));
      }
    }
  }
  expect(answers).toBeGreaterThan(500);
});
