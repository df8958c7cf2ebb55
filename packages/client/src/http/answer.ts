import { ParleyError } from "../errors.ts";
import { withTimeout } from "../timing/sleep.ts";

/** A complete HTTP response. */
export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  /** The `Link` header, or "". */
  readonly link: string;
  /** The body, if it is JSON. */
  readonly body: unknown;
  /** True if the body is an error of Parley's: `application/problem+json` (P55). */
  readonly isProblem: boolean;
}

export interface RequestOptions {
  /** The time for the request and its whole response, in ms. */
  readonly timeoutMs: number;
  /** The signals of which each one aborts the request. */
  readonly signals: readonly AbortSignal[];
}

/** Sends a request and reads the whole response. Rejects with `aborted`, or with `unreachable` without an answer. */
export async function request(
  url: string,
  init: RequestInit,
  { timeoutMs, signals }: RequestOptions,
): Promise<Answer> {
  try {
    return await withTimeout(timeoutMs, signals, async (signal) => {
      const response = await fetch(url, { ...init, cache: "no-store", signal });
      const type = response.headers.get("content-type") ?? "";
      return {
        status: response.status,
        ok: response.ok,
        link: response.headers.get("link") ?? "",
        body: await readJson(response, type),
        isProblem: /^application\/problem\+json\b/i.test(type),
      };
    });
  } catch (error) {
    if (signals.some(({ aborted }) => aborted)) throw new ParleyError("aborted", "The request was aborted.");
    throw error instanceof ParleyError ? error : unreachable(url, error);
  }
}

/** Returns the error for a request without an answer. A browser doesn't tell a page that CORS hides the answer. */
function unreachable(url: string, cause: unknown): ParleyError {
  const { location } = globalThis as { location?: { readonly href: string; readonly origin: string } };
  const { origin } = new URL(url, location?.href);
  const hint =
    location && location.origin !== origin
      ? ` Or its answers are hidden from pages of ${location.origin}.`
      : "";
  return new ParleyError("unreachable", `${origin} cannot be reached.${hint}`, { temporary: true, cause });
}

/**
 * The longest body that is read, in bytes. A server ends a page at about 2 MB, of which each byte may take six in JSON, and
 * an endless answer would fill the memory.
 */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** Returns undefined for a body that isn't JSON or is too long, and doesn't read a page, which may be of any size. */
async function readJson(response: Response, type: string): Promise<unknown> {
  if (type !== "" && !/json/i.test(type)) {
    await response.body?.cancel();
    return undefined;
  }
  const text = await readText(response);
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns undefined, and ends the response, once the body is longer than `MAX_BODY_BYTES`. */
async function readText({ body }: Response): Promise<string | undefined> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    bytes += part.value.length;
    if (bytes > MAX_BODY_BYTES) {
      await reader?.cancel();
      return undefined;
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}
