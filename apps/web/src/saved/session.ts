import { requestToken } from "@parley/client";
import { composeName } from "../chat/names.ts";
import { tabItems } from "./browser-storage.ts";

/**
 * The user who is signed in on this tab. The session is stored per tab (`sessionStorage`), so that two users can chat
 * in two tabs of one browser. It ends when the tab is closed.
 */
export interface Session {
  readonly user: string;
  /** A pasted token. Undefined if the server gives out tokens by name (P60). */
  readonly token: string | undefined;
}

const KEY = "parley:session";

export function loadSession(): Session | undefined {
  return tabItems.read<Session>(KEY);
}

/** Stores the session. With undefined, removes the stored session. */
export function storeSession(session: Session | undefined): void {
  tabItems.write(KEY, session);
}

/** Signs in by name (P60). Rejects with a ParleyError: `not_found` if the server doesn't give out tokens by name. */
export async function sessionByName(name: string): Promise<Session> {
  const user = composeName(name);
  await requestToken(location.origin, user);
  return { user, token: undefined };
}

/** Signs in with a pasted token. Returns undefined if the text isn't a token. The server verifies the token later. */
export function sessionByToken(text: string): Session | undefined {
  const token = text.trim().replace(/^Bearer\s+/i, "");
  const user = subjectOf(token);
  return user === undefined ? undefined : { user, token };
}

/** Returns the token for the next connection or request. */
export async function tokenOf({ user, token }: Session): Promise<string> {
  return token ?? (await requestToken(location.origin, user));
}

function subjectOf(token: string): string | undefined {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    const { sub }: { sub?: unknown } = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof sub !== "string" || sub === "") return undefined;
    // Throws for text that no URL and no storage key can contain.
    encodeURIComponent(sub);
    return sub;
  } catch {
    return undefined;
  }
}
