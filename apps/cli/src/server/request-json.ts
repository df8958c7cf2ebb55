import { escapeLine } from "../terminal/escape.ts";
import { EXIT, Failure } from "../terminal/failure.ts";

/** The time that a server may take to answer one request, in ms. */
const TIMEOUT_MS = 10_000;
/** The longest response that is read, in bytes. No response of Parley is longer, and one without an end would fill the memory. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

export interface JsonRequest {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly token?: string;
  /** The request's body, which is sent as JSON. */
  readonly body?: unknown;
  readonly signal: AbortSignal;
  /** The time that the server may take to answer, in ms. Default 10 s. */
  readonly timeoutMs?: number;
}

/** Returns the JSON of a response, or undefined for a response without a body. Rejects with a Failure (P55). */
export async function requestJson(
  url: string,
  { method = "GET", token, body, signal, timeoutMs = TIMEOUT_MS }: JsonRequest,
): Promise<unknown> {
  const response = await send(url, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const answer = await readJson(response);
  if (response.ok) return answer;
  throw refusalOf(response.status, answer);
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    throw new Failure(EXIT.unreachable, `${new URL(url).origin} cannot be reached: ${reasonOf(error)}`);
  }
}

/** Returns undefined for a body that isn't JSON, or is too long. */
export async function readJson({ body }: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    // An error that leaves the loop also ends the response.
    for await (const chunk of body ?? []) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) throw new RangeError("the response is too long");
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

function refusalOf(status: number, answer: unknown): Failure {
  const { code, detail } = (answer ?? {}) as { code?: unknown; detail?: unknown };
  const exitCode = status >= 500 || status === 429 ? EXIT.unreachable : EXIT.refused;
  const message = typeof detail === "string" ? escapeLine(detail) : `The server answered ${status}.`;
  return new RequestRefused(
    exitCode,
    typeof code === "string" ? `${message} (${escapeLine(code)})` : message,
    status,
  );
}

/** The server answered with an error status. */
export class RequestRefused extends Failure {
  readonly status: number;

  constructor(exitCode: number, message: string, status: number) {
    super(exitCode, message);
    this.status = status;
  }
}

/** Returns the reason of a network error, for people. undici nests the reason one or two causes deep. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  if (cause instanceof Error) return reasonOf(cause);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
