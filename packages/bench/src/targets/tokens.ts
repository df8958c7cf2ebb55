import { issueToken } from "@parley/auth";

/** JWT_SECRET of every target. */
export const SECRET = "a-secret-for-measuring-only-long-enough-for-HS256";

/** Issues tokens for the users `name-0`, `name-1` and so on. */
export function tokensFor(count: number, name: string): Promise<string[]> {
  const users = Array.from({ length: count }, (_, index) => `${name}-${index}`);
  return Promise.all(users.map(async (user) => (await issueToken({ user, secret: SECRET })).token));
}
