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

const KINDS = ["page", "sync", "conversations"] as const;
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
    const after = formatId({ ms: Date.now() - SYNC_MS, seq: 0 });
    const requests = {
      page: () => this.#readPage(reader, peer),
      sync: () => this.#get(`/sync?after=${after}`, reader),
      conversations: () => this.#get("/conversations", reader),
    };
    const name = KINDS[this.#turn++ % KINDS.length] ?? "page";
    try {
      await requests[name]();
      this.answered += 1;
    } catch (error) {
      this.#deps.onFailed(`${name}: ${error instanceof Error ? error.message : error}`);
    }
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
