import { sleep } from "@parley/async";
import type { ReadMarkModel, ReadState } from "../../checker/read-marks.ts";
import type { FaultContext } from "../../faults/fault.ts";
import type { Send } from "../ledger.ts";
import { RawSender } from "../raw-sender.ts";
import { type Asker, askConversations } from "./ask-conversations.ts";
import { MarkClient } from "./mark-client.ts";

/** Mean times between two messages of a user, two marks of a connection, and two requests of a user. */
const PAUSE_MS = { write: 600, mark: 800, ask: 400 };
/** Every second message is deleted, so that unread ones are often among the deleted. */
const DELETE_EVERY = 2;
/** The second connection marks one of so many newest messages, so its mark is often lower than one that came before. */
const LAG = 8;

export type MarkUserContext = Pick<FaultContext, "cluster" | "changer"> & {
  readonly ledger: FaultContext["workload"]["ledger"];
  readonly model: ReadMarkModel;
  readonly random: () => number;
};

/**
 * A user who writes to others, deletes some of the messages, and marks how far the conversations and the public room are
 * read, with one connection at each gateway.
 */
export class MarkUser {
  readonly name: string;
  readonly clients: readonly MarkClient[];
  readonly #others: readonly string[];
  readonly #context: MarkUserContext;
  readonly #asker: Asker;
  readonly #sender: RawSender;

  private constructor(name: string, others: readonly string[], token: string, context: MarkUserContext) {
    const { cluster, model } = context;
    const { urls } = cluster;
    this.name = name;
    this.#others = others;
    this.#context = context;
    this.#asker = { user: name, token, url: cluster.historyApi.app.url };
    this.#sender = new RawSender(urls, token, name);
    this.clients = urls.map((_, turn) => new MarkClient({ ...this.#asker, urls, turn, model }));
  }

  /** Connects the users of these names, each of whom writes to all others. */
  static async connect(names: readonly string[], context: MarkUserContext): Promise<MarkUser[]> {
    const others = (name: string) => names.filter((each) => each !== name);
    return Promise.all(
      names.map(async (name) => new MarkUser(name, others(name), await context.cluster.token(name), context)),
    );
  }

  /** Writes, marks and asks until `stop` is aborted, and then until each message and deletion has its outcome. */
  async run(stop: AbortSignal): Promise<void> {
    const marking = this.clients.map((client, n) => this.#mark(client, n === 0 ? 1 : LAG, stop));
    await Promise.all([this.#write(stop), ...marking, this.#askAgain(stop)]);
  }

  /** Requests `/conversations` until there is an answer. */
  async ask(): Promise<readonly ReadState[]> {
    return (await askConversations(this.#asker, this.#context.model, new AbortController().signal)) ?? [];
  }

  /** The marks that one of the connections doesn't know, although they were sent. One line for each. */
  unknownMarks(): string[] {
    const { model } = this.#context;
    const pairs = [...this.#others, ""].flatMap((other) => [
      [this.name, other] as const,
      ...(other === "" ? [] : [[other, this.name] as const]),
    ]);
    return this.clients.flatMap((client, n) =>
      pairs
        .filter(([by, other]) => client.known(by, other) < model.sentBy(by, other))
        .map(([by, other]) => `connection ${n} of ${this.name} doesn't know the mark of ${by} with ${other}`),
    );
  }

  async close(): Promise<void> {
    this.#sender.close();
    await Promise.all(this.clients.map((client) => client.close()));
  }

  async #write(stop: AbortSignal): Promise<void> {
    const { ledger, changer } = this.#context;
    for (let n = 1; !stop.aborted; n += 1) {
      const to = this.#pick(this.#others) ?? "";
      const content = `${this.name}#${n}`;
      const send = ledger.addSend(this.name, this.name, to, content);
      send.outcome = { kind: "acked", id: await this.#sender.send(to, content), atMs: performance.now() };
      if (n % DELETE_EVERY === 0) await changer.change("delete", send);
      await this.#pause(PAUSE_MS.write, stop);
    }
  }

  /** Marks conversations at random, each up to one of its `lag` newest messages. */
  async #mark(client: MarkClient, lag: number, stop: AbortSignal): Promise<void> {
    for (await this.#pause(PAUSE_MS.mark, stop); !stop.aborted; await this.#pause(PAUSE_MS.mark, stop)) {
      const other = this.#pick([...this.#others, ""]) ?? "";
      const id = this.#pick(this.#acked(other).slice(-lag));
      if (id !== undefined) client.mark(other, id);
    }
  }

  async #askAgain(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await askConversations(this.#asker, this.#context.model, stop);
      await this.#pause(PAUSE_MS.ask, stop);
    }
  }

  /** Returns the ids of a conversation's acknowledged messages, oldest first. */
  #acked(other: string): string[] {
    const isIn = ({ from, to }: Send) =>
      other === "" ? to === "" : [from, to].includes(this.name) && [from, to].includes(other);
    return this.#context.ledger.acked
      .filter(isIn)
      .flatMap(({ outcome }) => (outcome.kind === "acked" ? [outcome.id] : []))
      .toSorted();
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#context.random() * list.length)];
  }

  #pause(meanMs: number, stop: AbortSignal): Promise<void> {
    return sleep(2 * this.#context.random() * meanMs, stop);
  }
}
