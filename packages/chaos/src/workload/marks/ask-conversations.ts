import { sleep } from "@parley/async";
import type { ReadMarkModel, ReadState } from "../../checker/read-marks.ts";

const TIMEOUT_MS = 15_000;
const RETRY_MS = 200;

interface Conversations {
  readonly conversations: readonly ReadState[];
  readonly public: Omit<ReadState, "with">;
}

/** A user who requests `/conversations` from a history-api. */
export interface Asker {
  readonly user: string;
  readonly token: string;
  readonly url: string;
}

/**
 * Requests `/conversations` until there is an answer, and lets the model judge it. Resolves with the states of all
 * conversations and the public room, or with undefined if `stop` is aborted before that.
 */
export async function askConversations(
  { user, token, url }: Asker,
  model: ReadMarkModel,
  stop: AbortSignal,
): Promise<readonly ReadState[] | undefined> {
  while (!stop.aborted) {
    const judge = model.request(user);
    const answer = await request(`${url}/conversations`, token, stop).catch(() => undefined);
    if (answer) {
      const states = [...answer.conversations, { ...answer.public, with: "" }];
      judge(states);
      return states;
    }
    await sleep(RETRY_MS, stop);
  }
  return undefined;
}

async function request(url: string, token: string, stop: AbortSignal): Promise<Conversations> {
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  if (!response.ok) throw new Error(`/conversations answered with status ${response.status}`);
  return (await response.json()) as Conversations;
}
