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

/** Returns undefined for a body that isn't JSON, and doesn't read a page, which may be of any size. */
async function readJson(response: Response, type: string): Promise<unknown> {
  if (type !== "" && !/json/i.test(type)) {
    await response.body?.cancel();
    return undefined;
  }
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
