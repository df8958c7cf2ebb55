import { sleep } from "@parley/async";
import type { ClusterApp } from "../cluster/cluster.ts";

const RETRY_MS = 200;
const TIMEOUT_MS = 15_000;

/** Edits and deletes messages of one user with plain requests (P73). Repeats each with its ref until it is answered. */
export class MessageChanger {
  readonly #api: ClusterApp;
  readonly #token: string;

  constructor(api: ClusterApp, token: string) {
    this.#api = api;
    this.#token = token;
  }

  /** Resolves with the id of the change, or with undefined if the signal was aborted before there was an answer. */
  edit(id: string, content: string, ref: string, stop: AbortSignal): Promise<string | undefined> {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ content, ref });
    return this.#request(`/message/${id}`, { method: "PATCH", headers, body }, stop);
  }

  remove(id: string, ref: string, stop: AbortSignal): Promise<string | undefined> {
    return this.#request(`/message/${id}?ref=${ref}`, { method: "DELETE", headers: {} }, stop);
  }

  async #request(
    path: string,
    { headers, ...init }: RequestInit & { readonly headers: Record<string, string> },
    stop: AbortSignal,
  ): Promise<string | undefined> {
    const authorization = `Bearer ${this.#token}`;
    while (!stop.aborted) {
      const request = { ...init, headers: { ...headers, authorization } };
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(this.#api.app.url + path, { ...request, signal }).catch(() => undefined);
      const body = (await response?.json().catch(() => undefined)) as
        | { id?: string; code?: string }
        | undefined;
      if (response?.status === 200 && body?.id !== undefined) return body.id;
      if (response && response.status < 500 && response.status !== 429)
        throw new Error(`a change was refused with ${response.status} ${body?.code}`);
      await sleep(RETRY_MS, stop);
    }
    return undefined;
  }
}
