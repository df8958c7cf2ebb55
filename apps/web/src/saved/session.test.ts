import { expect, it } from "vitest";
import { sessionByToken } from "./session.ts";

const tokenOf = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

it("P4: a token's user is read in any script", () => {
  for (const user of ["alice", "लक्ष्मी", "مُحَمَّد"]) {
    const token = tokenOf({ sub: user });
    expect(sessionByToken(` Bearer ${token} `)).toEqual({ user, token });
  }
});

it("text that isn't a token, or whose user can't be part of an address, makes no session", () => {
  const noUser = [{}, { sub: "" }, { sub: 7 }, { sub: "\ud800" }].map(tokenOf);
  for (const text of ["", "x", "a.b.c", "e30.e30", ...noUser])
    expect(sessionByToken(text), text).toBeUndefined();
});
