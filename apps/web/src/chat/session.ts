import { requestToken } from "@parley/client";
import { read, type Shelf, write } from "./saved-state.ts";

/**
 * Who is signed in on this tab. It is kept for the tab and not for the browser, so that two people can try a chat in
 * two tabs, and gone when the tab is.
 */
export interface Session {
  readonly user: string;
  /** A pasted token; undefined where tokens are given by name (P60). */
  readonly token: string | undefined;
}

const KEY = "parley:session";

export function keptSession(shelf: Shelf): Session | undefined {
  return read<Session>(shelf, KEY);
}

/** Undefined signs out. */
export function keepSession(shelf: Shelf, session: Session | undefined): void {
  write(shelf, KEY, session);
}

/** Rejects with the ParleyError of the server, `not_found` where it gives no tokens by name. */
export async function sessionByName(name: string): Promise<Session> {
  const user = name.trim().normalize("NFC");
  await requestToken(location.origin, user);
  return { user, token: undefined };
}

/** Undefined for what is no token. Nothing is verified here; the server does that. */
export function sessionByToken(text: string): Session | undefined {
  const token = text.trim().replace(/^Bearer\s+/i, "");
  const user = subjectOf(token);
  return user === undefined ? undefined : { user, token };
}

/** The token for the next connection or request. */
export async function tokenOf({ user, token }: Session): Promise<string> {
  return token ?? (await requestToken(location.origin, user));
}

function subjectOf(token: string): string | undefined {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    const { sub }: { sub?: unknown } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof sub === "string" && sub !== "" ? sub : undefined;
  } catch {
    return undefined;
  }
}
