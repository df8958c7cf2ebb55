import { printable } from "../terminal/escape.ts";
import { EXIT, Failure } from "../terminal/failure.ts";

/** How long a server may take to answer one request, in ms. */
const ANSWER_MS = 10_000;
/** More than any answer here has. */
const MAX_BODY = 8 * 1024 * 1024;

export interface Asked {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly token?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** The JSON that a server answers, or undefined where it answers without a body. Rejects with a Failure (P55). */
export async function ask(url: string, { method = "GET", token, body, signal }: Asked): Promise<unknown> {
  const response = await fetchFrom(url, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
  });
  const answer = await jsonOf(response);
  if (response.ok) return answer;
  throw refusal(response.status, answer);
}

async function fetchFrom(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    throw new Failure(EXIT.unreachable, `${new URL(url).origin} cannot be reached: ${reasonOf(error)}`);
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text().catch(() => "");
  try {
    return text === "" || text.length > MAX_BODY ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(status: number, answer: unknown): Failure {
  const { code, detail } = (answer ?? {}) as { code?: unknown; detail?: unknown };
  const exitCode = status >= 500 || status === 429 ? EXIT.unreachable : EXIT.refused;
  const said = typeof detail === "string" ? printable(detail) : `The server answered ${status}.`;
  return new RequestRefused(
    exitCode,
    typeof code === "string" ? `${said} (${printable(code)})` : said,
    status,
  );
}

/** The server answered, and not with what was asked for. */
export class RequestRefused extends Failure {
  readonly status: number;

  constructor(exitCode: number, message: string, status: number) {
    super(exitCode, message);
    this.status = status;
  }
}

/** What went wrong with a connection, in words: undici hides it one or two causes deep. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  if (cause instanceof Error) return reasonOf(cause);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
