import { ask, RequestRefused } from "../server/request-json.ts";
import { failureOf } from "../terminal/failure.ts";
import { type Finding, note, ok, wrong } from "./finding.ts";

/** A public part of Parley, by a path that asks who comes there: an answer in Parley's own terms shows that it is one. */
export async function publicPart(
  check: "gateway" | "history-api",
  url: string,
  signal: AbortSignal,
): Promise<Finding> {
  const path = check === "gateway" ? "/ws" : "/sync";
  try {
    await ask(url + path, { signal });
  } catch (error) {
    if (error instanceof RequestRefused && error.message.includes("(token_missing)")) {
      return ok(check, `answers at ${url}${path}`);
    }
    const mend = `Start it, or say where it is: ${check === "gateway" ? "--url" : "--history-url"}.`;
    return wrong(check, reasonOf(error, url + path), mend);
  }
  return wrong(check, `${url}${path} answers without asking for a token`, "Something else listens there.");
}

/**
 * Whether a process lives and is ready, by its admin port. One that was not named but guessed need not be there: then
 * that is a note.
 */
export async function adminPort(url: string, isGuessed: boolean, signal: AbortSignal): Promise<Finding> {
  const check = "admin port";
  try {
    await ask(`${url}/healthz`, { signal });
  } catch (error) {
    const says = reasonOf(error, url);
    const mend = "Say where it is: --admin-url.";
    return isGuessed ? note(check, says, mend) : wrong(check, says, mend);
  }
  const problems = await readiness(url, signal);
  if (problems.length === 0) return ok(check, `${url} is ready`);
  return wrong(check, `${url} lives but is not ready: ${problems.join("; ")}`, "Mend what it names.");
}

async function readiness(url: string, signal: AbortSignal): Promise<string[]> {
  const answer = await fetch(`${url}/readyz`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  });
  if (answer.ok) return [];
  const { problems } = (await answer.json().catch(() => ({}))) as { problems?: unknown };
  return Array.isArray(problems) ? problems.map(String) : [`/readyz answers ${answer.status}`];
}

/** How far the clock of a server is ahead, by the Date of an answer, in ms; exact to a second. Undefined without one. */
export async function clockAheadOf(url: string, signal: AbortSignal): Promise<number | undefined> {
  const asked = Date.now();
  const answer = await fetch(url, {
    method: "HEAD",
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  }).catch(() => undefined);
  const date = Date.parse(answer?.headers.get("date") ?? "");
  // The Date is cut to a second: on average it is half a second before the truth.
  return Number.isNaN(date) ? undefined : Math.round(date + 500 - (asked + Date.now()) / 2);
}

function reasonOf(error: unknown, url: string): string {
  const message = failureOf(error)?.message ?? String(error);
  return message.includes(new URL(url).origin) ? message : `${url}: ${message}`;
}
