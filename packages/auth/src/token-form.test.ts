import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { issueToken } from "./issue.ts";
import { hasTokenForm, MAX_TOKEN_LENGTH } from "./token-form.ts";
import { createVerifier } from "./verifier.ts";

const SECRET = "the first secret, 32 bytes or more";
const { token } = await issueToken({ user: "alice", secret: SECRET });
const [header = "", claims = "", signature = ""] = token.split(".");

describe("the form of a token", () => {
  it("P61: fits every token that is encoded by the standard", () => {
    const part = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => base64url(bytes));
    fc.assert(
      fc.property(part, part, part, (...parts) => {
        expect(hasTokenForm(parts.join("."))).toBe(true);
      }),
    );
  });

  it.each([
    ["padding after the signature", `${token}=`],
    ["two of them", `${token}==`],
    ["padding after the header", `${header}=.${claims}.${signature}`],
    ["a letter of plain base64", `${header}.${claims}.${signature.slice(0, -2)}+A`],
    ["another one", `${header}.${claims}.${signature.slice(0, -2)}/A`],
    ["a blank in the signature", `${header}.${claims}.${signature.slice(0, 9)} ${signature.slice(9)}`],
    ["a line break at the end", `${token}\n`],
    ["a letter outside of ASCII", `${token}é`],
    ["another last letter with the same bytes", `${token.slice(0, -1)}${sameBytes(token.slice(-1))}`],
    ["a fourth part", `${token}.AA`],
    ["two parts", `${header}.${claims}`],
    ["a single letter as a part", `${header}.${claims}.A`],
    ["too many letters", `${header}.${claims}.${"A".repeat(MAX_TOKEN_LENGTH)}`],
  ])("P3: a token with %s is malformed", async (_what, text) => {
    const verifier = createVerifier({ secrets: [SECRET], isUser: () => true });
    expect((await verifier.verify(token)).user).toBe("alice");
    await expect(verifier.verify(text)).rejects.toMatchObject({ code: "unauthorized", failure: "malformed" });
  });

  it("G5: takes no longer for a hostile text than for a token", () => {
    const texts = ["A".repeat(MAX_TOKEN_LENGTH), ".".repeat(MAX_TOKEN_LENGTH), "A.".repeat(8_000)];
    const started = performance.now();
    for (let round = 0; round < 100; round += 1) for (const text of texts) hasTokenForm(text);
    expect(performance.now() - started).toBeLessThan(6_000);
  });
});

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

/**
 * Returns a letter that a lenient decoder reads like `letter` at the end of 32 encoded bytes. There the last letter
 * has two unused bits.
 */
function sameBytes(letter: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return letters[letters.indexOf(letter) + 1] ?? "";
}
