import { createLocalJWKSet, type JSONWebKeySet } from "jose";

/** Maximum size of a key set, decompressed. Real key sets have a few KiB. */
export const MAX_KEY_SET_BYTES = 262_144;
/** Maximum number of keys in a set. Bounded because a token that names no key is tried with each key of its type. */
export const MAX_KEYS = 100;

/** The function of jose that finds an issuer's key for a token's header. */
export type KeyLookup = ReturnType<typeof createLocalJWKSet>;

/** A key set and the number of its keys. */
export interface FetchedKeys {
  readonly lookup: KeyLookup;
  /** The ids (`kid`) of the keys that have one. `lookup` finds no key for a token that names any other. */
  readonly ids: ReadonlySet<unknown>;
  readonly count: number;
}

/** Options of `fetchKeySet`. */
export interface FetchKeySetOptions {
  /** Maximum time from the request to the last byte. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The issuer answered, but not with a usable key set. The message contains nothing of the answer. */
export class KeySetError extends Error {
  override readonly name = "KeySetError";
}

/**
 * Fetches an issuer's public keys. Reads at most `MAX_KEY_SET_BYTES`, so that an endless answer can't fill the
 * memory, and follows no redirect. Rejects with a KeySetError, or with the error of `fetch`.
 */
export async function fetchKeySet(url: string, options: FetchKeySetOptions): Promise<FetchedKeys> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  const headers = { accept: "application/jwk-set+json, application/json" };
  const response = await fetch(url, { signal, headers, redirect: "manual" });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new KeySetError(`the response has status ${response.status} instead of 200`);
  }
  return keysOf(parseJson(await readBounded(response.body)));
}

async function readBounded(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // An error that leaves the loop also cancels the response, so the rest of it isn't read.
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_KEY_SET_BYTES)
      throw new KeySetError(`the key set is larger than ${MAX_KEY_SET_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new KeySetError("the response isn't JSON");
  }
}

function keysOf(answer: unknown): FetchedKeys {
  const keys = typeof answer === "object" && answer !== null && "keys" in answer ? answer.keys : undefined;
  const isSet = Array.isArray(keys) && keys.every((key) => typeof key === "object" && key !== null);
  if (!isSet) throw new KeySetError("the key set is malformed");
  if (keys.length > MAX_KEYS) throw new KeySetError(`the key set has more than ${MAX_KEYS} keys`);
  const set = { keys } as JSONWebKeySet;
  return { lookup: createLocalJWKSet(set), ids: new Set(set.keys.map(({ kid }) => kid)), count: keys.length };
}
