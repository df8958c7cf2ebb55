import { sleep } from "@parley/async";

/** Seconds that a request may wait for entries. */
const WAIT_SECONDS = 5;
const TIMEOUT_MS = 20_000;
const RETRY_MS = 200;

interface FeedPage {
  readonly entries: readonly { readonly type: string; readonly id: string }[];
  readonly cursor: string;
}

/**
 * A consumer that reads the feed from its beginning (P63), with plain requests. A request that fails is repeated with the
 * same cursor.
 */
export class FeedConsumer {
  /** The entries in the order in which they came, as `type id`. */
  readonly entries: string[] = [];
  cursor = "";
  refusals = 0;
  readonly #url: string;
  readonly #token: string;
  readonly #limit: number;

  /** `limit` is the number of entries of a page. */
  constructor(url: string, token: string, limit: number) {
    this.#url = url;
    this.#token = token;
    this.#limit = limit;
  }

  /** Reads until the signal is aborted. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const page = await this.#read(stop).catch(() => undefined);
      if (page) {
        this.entries.push(...page.entries.map(({ type, id }) => `${type} ${id}`));
        this.cursor = page.cursor;
      } else if (!stop.aborted) {
        this.refusals += 1;
        await sleep(RETRY_MS, stop);
      }
    }
  }

  async #read(stop: AbortSignal): Promise<FeedPage> {
    const after = this.cursor && `&after=${this.cursor}`;
    const response = await fetch(`${this.#url}/feed?limit=${this.#limit}&wait=${WAIT_SECONDS}${after}`, {
      headers: { authorization: `Bearer ${this.#token}` },
      signal: AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!response.ok) throw new Error(`/feed answered with status ${response.status}`);
    return (await response.json()) as FeedPage;
  }
}
