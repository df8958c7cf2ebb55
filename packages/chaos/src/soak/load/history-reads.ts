import { formatId } from "@parley/models";
import type { Findings } from "../../checker/findings.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Sends } from "./sends.ts";

export interface HistoryReadsDeps {
  readonly cluster: Cluster;
  readonly sends: Sends;
  readonly findings: Findings;
  /** Called with the reason when a request fails. */
  readonly onFailed: (reason: string) => void;
}

interface Reader {
  readonly name: string;
  readonly token: string;
}

const TIMEOUT_MS = 10_000;
const PAGE = 50;
/** A sync asks for the messages of this time. */
const SYNC_MS = 30_000;

/** Requests to history-api: a page of a conversation, a sync and the list of conversations in turn. */
export class HistoryReads {
  readonly #deps: HistoryReadsDeps;
  #turn = 0;
  answered = 0;

  constructor(deps: HistoryReadsDeps) {
    this.#deps = deps;
  }

  /** Makes the next request of the turn. Never rejects. */
  async next(reader: Reader, peer: string): Promise<void> {
    try {
      await this.#request(this.#turn++ % 3, reader, peer);
      this.answered += 1;
    } catch (error) {
      this.#deps.onFailed(`history: ${error instanceof Error ? error.message : error}`);
    }
  }

  async #request(turn: number, reader: Reader, peer: string): Promise<void> {
    if (turn === 0) await this.#readPage(reader, peer);
    else if (turn === 1) {
      const after = formatId({ ms: Date.now() - SYNC_MS, seq: 0 });
      await this.#get(`/sync?after=${after}`, reader);
    } else await this.#get("/conversations", reader);
  }

  /** Reads the newest page. It must contain the newest message that was acknowledged before the request (G1, P56). */
  async #readPage(reader: Reader, peer: string): Promise<void> {
    const { sends, findings } = this.#deps;
    const newest = sends.newest(reader.name, peer);
    const page = await this.#get(`/messages/${peer}?limit=${PAGE}`, reader);
    if (newest !== undefined && !page.includes(newest))
      findings.add("lost", `history of ${reader.name} and ${peer} had no ${newest}`);
  }

  async #get(path: string, { token }: Reader): Promise<string> {
    const response = await fetch(this.#deps.cluster.historyApi.app.url + path, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`status ${response.status}`);
    return text;
  }
}
