import { RequestRefused, readJson, requestJson } from "../server/request-json.ts";
import { toFailure } from "../terminal/failure.ts";
import { type Finding, note, ok, wrong } from "./finding.ts";

const TIMEOUT_MS = 10_000;

/** Checks a public server: it is Parley if a request without a token is refused with Parley's own error code. */
export async function checkPublicServer(
  check: "gateway" | "history-api",
  url: string,
  signal: AbortSignal,
): Promise<Finding> {
  const path = check === "gateway" ? "/ws" : "/sync";
  try {
    await requestJson(url + path, { signal });
  } catch (error) {
    if (error instanceof RequestRefused && error.message.includes("(token_missing)")) {
      return ok(check, `answers at ${url}${path}`);
    }
    const fix = `Start it, or pass its address: ${check === "gateway" ? "--url" : "--history-url"}.`;
    return wrong(check, reasonOf(error, url + path), fix);
  }
  const fix = "Another program listens at this address. Pass the right one.";
  return wrong(check, `${url}${path} answers without asking for a token`, fix);
}

/** Checks that a process is alive and ready. If a default port doesn't answer, the finding is only a note. */
export async function checkAdminPort(url: string, isDefault: boolean, signal: AbortSignal): Promise<Finding> {
  const check = "admin port";
  try {
    await requestJson(`${url}/healthz`, { signal });
  } catch (error) {
    const detail = reasonOf(error, url);
    const fix = "Pass the address of the admin port: --admin-url.";
    return isDefault ? note(check, detail, fix) : wrong(check, detail, fix);
  }
  const problems = await readProblems(url, signal);
  if (problems.length === 0) return ok(check, `${url} is ready`);
  const detail = `${url} is alive but not ready: ${problems.join("; ")}`;
  return wrong(check, detail, "Fix the problems that it names.");
}

async function readProblems(url: string, signal: AbortSignal): Promise<string[]> {
  const answer = await fetch(`${url}/readyz`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  if (answer.ok) return [];
  const { problems } = ((await readJson(answer)) ?? {}) as { problems?: unknown };
  return Array.isArray(problems) ? problems.map(String) : [`/readyz answers ${answer.status}`];
}

/**
 * Returns how far a server's clock is ahead of this machine's, in ms, exact to a second. The time is taken from the
 * Date header of a response. Without this header, returns undefined.
 */
export async function readClockAhead(url: string, signal: AbortSignal): Promise<number | undefined> {
  const sentAt = Date.now();
  const answer = await fetch(url, {
    method: "HEAD",
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  }).catch(() => undefined);
  const date = Date.parse(answer?.headers.get("date") ?? "");
  // The Date header has whole seconds, so on average it is half a second early.
  return Number.isNaN(date) ? undefined : Math.round(date + 500 - (sentAt + Date.now()) / 2);
}

function reasonOf(error: unknown, url: string): string {
  const message = toFailure(error)?.message ?? String(error);
  return message.includes(new URL(url).origin) ? message : `${url}: ${message}`;
}
