import type { StoredMessage } from "@parley/models";
import { estimateAll } from "@parley/store";
import type { Observe } from "../events.ts";
import type { Deadline } from "../limits/deadline.ts";
import type { Reservation } from "../limits/fair-budget.ts";
import type { ReadKind } from "../limits/read-steps.ts";
import type { Turn } from "../limits/read-turns.ts";
import type { RequestLimiter } from "../limits/request-limiter.ts";
import type { ConversationReader } from "../queries/conversation-reader.ts";
import { PART } from "../queries/sizes.ts";
import type { GiveWay } from "../queries/steps.ts";
import { bytesOf, encodeMessages, type JsonEnvelope, type MessageList } from "./encode-messages.ts";
import type { Exchange } from "./exchange.ts";
import { createGzipThreads, ResponseBody } from "./response-body.ts";
import { retryTemporary } from "./retry.ts";
import { ResponseAbandoned } from "./write.ts";

export interface ResponderDeps {
  readonly limiter: RequestLimiter;
  /** Time after which a response is cut off if its client reads nothing, in ms. */
  readonly slowClientMs: number;
  readonly observe: Observe;
}

/** A part of a whole conversation: its JSON, and its number of messages. */
interface Part {
  readonly chunks: Buffer[];
  readonly count: number;
}

export const ARRAY: JsonEnvelope = { before: "[", after: "]" };
/** Estimated memory of a response besides its messages, in bytes: for its request and for its socket's buffer. */
const RESPONSE_BYTES = 16_384;

/**
 * Reads and sends messages within the limits, and reports each complete answer.
 *
 * A response counts in the limit on concurrent reads only while its messages are read and encoded. After that its
 * bytes count in the limit on memory until the client has read them, even if the client reads slowly or not at all
 * (G5).
 */
export class Responder {
  readonly #deps: ResponderDeps;
  readonly #threads = createGzipThreads();

  constructor(deps: ResponderDeps) {
    this.#deps = deps;
  }

  /** Reads and sends a page: one list of messages, or several in one object. */
  async sendPage(
    exchange: Exchange,
    read: (giveWay: GiveWay) => Promise<readonly MessageList[]>,
  ): Promise<void> {
    const { res, deadline } = exchange;
    const body = this.#bodyOf(exchange);
    const { memory, chunks, count } = await this.#readPage(exchange, read);
    deadline.clear();
    let left = bytesOf(chunks);
    res.setHeader("content-type", "application/json");
    res.setHeader("content-length", left);
    const isHead = exchange.req.method === "HEAD";
    // The first chunk decides if a body is compressed, so it also decides the headers for HEAD.
    const last = isHead ? chunks[0] : chunks.pop();
    if (!isHead) {
      for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) {
        memory.resize(RESPONSE_BYTES + body.overhead + left);
        await body.write(chunk);
        left -= chunk.length;
      }
    }
    memory.resize(RESPONSE_BYTES + left);
    if (res.destroyed) throw new ResponseAbandoned({ isSlow: false });
    await body.end(last);
    this.#answered(exchange, false, count);
  }

  /**
   * Sends a whole conversation, part by part. Each part is read only after the client has read the part before it. So
   * a response of any length needs the memory of one part at most.
   *
   * If the first part can't be read, the request is answered with an error, like a page. Later parts are retried,
   * because a response that has begun can't be answered with an error any more.
   */
  async sendConversation(exchange: Exchange, open: () => Promise<ConversationReader>): Promise<void> {
    const { res, req, caller, deadline } = exchange;
    const place = this.#deps.limiter.acquireStream(caller, () => res.destroy());
    this.#releaseOnClose(exchange, place);
    const body = this.#bodyOf(exchange);
    const overhead = RESPONSE_BYTES + body.overhead;
    const memory = this.#reserve(exchange, overhead + PART.maxBytes);
    res.setHeader("content-type", "application/json");
    let count = 0;
    if (req.method !== "HEAD") {
      const reader = await this.#inTurn("page", exchange, deadline, async (turn) => {
        await turn.next();
        return open();
      });
      while (!reader.isDone) {
        const part = await this.#nextPart(exchange, reader, count);
        memory.resize(overhead + Math.max(PART.maxBytes, bytesOf(part.chunks)));
        place.resize(1);
        count += part.count;
        await writeAll(body, part.chunks);
      }
    }
    deadline.clear();
    if (res.destroyed) throw new ResponseAbandoned({ isSlow: false });
    await body.end(req.method === "HEAD" ? undefined : Buffer.from(count === 0 ? "[]" : "]"));
    this.#answered(exchange, true, count);
  }

  /** Charges a caller for messages that were read for a page and aren't in it. */
  charge({ caller }: Exchange, messages: readonly StoredMessage[]): void {
    this.#deps.limiter.charge(caller.user, estimateAll(messages));
  }

  /** Reads and encodes a page, and reserves its memory. */
  #readPage(exchange: Exchange, readLists: (giveWay: GiveWay) => Promise<readonly MessageList[]>) {
    return this.#inTurn("page", exchange, exchange.deadline, async (turn) => {
      // Refuses a caller who has used up its share of the memory, before anything is read. The page itself isn't
      // reserved yet: its memory is bounded by the number of concurrent reads.
      const memory = this.#reserve(exchange, RESPONSE_BYTES);
      try {
        await turn.next();
        const lists = await readLists(() => turn.giveWay());
        const chunks = await this.#encode(exchange, turn, lists);
        const count = lists.reduce((sum, { messages }) => sum + messages.length, 0);
        // Released first, because a response may exceed the user's share only if the user holds nothing else.
        memory.release();
        return { memory: this.#reserve(exchange, bytesOf(chunks)), chunks, count };
      } finally {
        memory.release();
      }
    });
  }

  /**
   * Reads the next part within its deadline. The first part has what is left of the request's own. `count` is the number
   * of messages in all parts before.
   */
  async #nextPart(exchange: Exchange, reader: ConversationReader, count: number): Promise<Part> {
    const { caller, closed, res } = exchange;
    const isFirst = !res.headersSent;
    // A pause for the user's rate isn't a failure in the middle of an answer, and ends by itself.
    if (!isFirst) await this.#deps.limiter.untilAllowed(caller, closed);
    const deadline = isFirst ? exchange.deadline : exchange.deadline.next();
    const read = () => this.#readPart(exchange, reader, count, deadline);
    const part = await (isFirst ? read() : retryTemporary(read, deadline.signal));
    deadline.clear();
    return part;
  }

  async #readPart(
    exchange: Exchange,
    reader: ConversationReader,
    count: number,
    deadline: Deadline,
  ): Promise<Part> {
    const { limiter } = this.#deps;
    await deadline.during("rate", (signal) => limiter.untilAllowed(exchange.caller, signal));
    return this.#inTurn("part", exchange, deadline, async (turn) => {
      await turn.next();
      const messages = await reader.next(deadline);
      if (messages.length === 0) return { chunks: [], count: 0 };
      const envelope = { before: count === 0 ? "[" : ",", after: "" };
      const chunks = await this.#encode(exchange, turn, [{ messages, envelope }]);
      return { chunks, count: messages.length };
    });
  }

  /** Runs a read when it is the caller's turn, within a deadline. */
  #inTurn<T>(
    kind: ReadKind,
    { caller }: Exchange,
    deadline: Deadline,
    run: (turn: Turn) => Promise<T>,
  ): Promise<T> {
    return deadline.during("turn", (signal) => this.#deps.limiter.read(kind, caller, signal, run));
  }

  /** Encodes messages, a chunk in each turn: a long page takes several ms, and others would wait for all of it (G5). */
  async #encode({ caller }: Exchange, turn: Turn, lists: readonly MessageList[]): Promise<Buffer[]> {
    for (const { messages } of lists) this.#deps.limiter.charge(caller.user, estimateAll(messages));
    const encoding = encodeMessages(lists);
    const chunks: Buffer[] = [];
    for (;;) {
      await turn.next();
      const { value, done } = encoding.next();
      if (value.length > 0) chunks.push(value);
      if (done) return chunks;
    }
  }

  #bodyOf({ req, res, caller, closed }: Exchange): ResponseBody {
    const { slowClientMs } = this.#deps;
    return new ResponseBody({ req, res, user: caller.user, threads: this.#threads, closed, slowClientMs });
  }

  #reserve(exchange: Exchange, bytes: number): Reservation {
    const memory = this.#deps.limiter.reserveBytes(exchange.caller, bytes, () => exchange.res.destroy());
    this.#releaseOnClose(exchange, memory);
    return memory;
  }

  /**
   * Releases a reservation when the response is closed. Until then the response's socket may buffer the last chunk.
   */
  #releaseOnClose({ closed }: Exchange, { release }: Reservation): void {
    if (closed.aborted) release();
    else closed.addEventListener("abort", release, { once: true });
  }

  #answered({ route, startedAt }: Exchange, whole: boolean, messages: number): void {
    this.#deps.observe({ type: "answered", route, whole, messages, ms: performance.now() - startedAt });
  }
}

/** Writes all chunks. Removes each from `chunks`, so that it can be freed once it is written. */
async function writeAll(body: ResponseBody, chunks: Buffer[]): Promise<void> {
  for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) await body.write(chunk);
}
