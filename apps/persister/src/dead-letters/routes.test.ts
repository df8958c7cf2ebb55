import { createVerifier, issueToken } from "@parley/auth";
import type { DeadLetter, DeadLetters } from "@parley/bus";
import { isUsername } from "@parley/models";
import { type Admin, Registry, startAdmin } from "@parley/service";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DeadLetterDecision } from "../events.ts";
import { unavailable } from "../test/scripted-adapters.ts";
import { deadLetterRoutes } from "./routes.ts";

const SECRET = "a secret of this test, long enough for HS256";

function letter(id: string): DeadLetter {
  return { id, position: "5-0", reason: "no body", at: "2025-07-16T14:00:00.000Z", fields: { v: "1" } };
}

/** Dead letters in memory. The e2e suite tests real ones, from a Redis with undecodable entries (F12). */
class ListedLetters implements DeadLetters {
  letters = ["1-0", "2-0", "3-0"].map(letter);
  isDown = false;
  isFormat1 = false;

  async list({ after = "", limit }: { readonly after?: string; readonly limit: number }) {
    if (this.isDown) throw unavailable();
    return this.letters.filter(({ id }) => id > after).slice(0, limit);
  }
  async replay(id: string) {
    if (id === "2-0") return "undecodable" as const;
    if (this.isFormat1) return "not_enabled" as const;
    return this.#take(id) ? ("replayed" as const) : ("not_found" as const);
  }
  async drop(id: string) {
    return this.#take(id) ? ("dropped" as const) : ("not_found" as const);
  }
  #take(id: string): boolean {
    const before = this.letters.length;
    this.letters = this.letters.filter((each) => each.id !== id);
    return this.letters.length < before;
  }
}

let admin: Admin;
let letters: ListedLetters;
let decisions: DeadLetterDecision[];
let ops: string;
let alice: string;

beforeAll(async () => {
  ops = (await issueToken({ user: "olga", secret: SECRET, scopes: ["ops"] })).token;
  alice = (await issueToken({ user: "alice", secret: SECRET })).token;
  const verifier = createVerifier({ secrets: [SECRET], isUser: isUsername });
  const current: DeadLetters = {
    list: (options) => letters.list(options),
    replay: (id) => letters.replay(id),
    drop: (id) => letters.drop(id),
  };
  const router = deadLetterRoutes(current, verifier, (event) => decisions.push(event));
  admin = await startAdmin({
    port: 0,
    host: "127.0.0.1",
    problems: () => [],
    registry: new Registry(),
    router,
  });
});
afterAll(() => admin.close());
beforeEach(() => {
  letters = new ListedLetters();
  decisions = [];
});

async function ask(method: string, path: string, token: string | undefined = ops) {
  const headers = token === "" ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${admin.url}${path}`, { method, headers });
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  return { status: response.status, type, body: text === "" ? undefined : JSON.parse(text), response };
}

describe("dead letters", () => {
  it("L10: are listed in pages", async () => {
    const first = await ask("GET", "/dead-letters?limit=2");
    expect(first.status).toBe(200);
    expect(first.body.deadLetters).toEqual([letter("1-0"), letter("2-0")]);
    const rest = await ask("GET", "/dead-letters?limit=2&after=2-0");
    expect(rest.body.deadLetters).toEqual([letter("3-0")]);
  });

  it("L10: are replayed, and the operator is recorded", async () => {
    expect((await ask("POST", "/dead-letters/1-0/replay")).status).toBe(204);
    expect(decisions).toEqual([{ type: "dead-letter-decided", id: "1-0", decision: "replayed", by: "olga" }]);
    expect(await ask("POST", "/dead-letters/1-0/replay")).toMatchObject({
      status: 404,
      type: expect.stringContaining("application/problem+json"),
      body: { code: "not_found" },
    });
  });

  it("L10: stay if they still can't be decoded", async () => {
    const refused = await ask("POST", "/dead-letters/2-0/replay");
    expect(refused).toMatchObject({ status: 400, body: { code: "invalid_message" } });
    expect(letters.letters).toHaveLength(3);
    expect(decisions).toEqual([]);
  });

  it("L25: stay if the log's format has no such entries", async () => {
    letters.isFormat1 = true;
    const refused = await ask("POST", "/dead-letters/1-0/replay");
    expect(refused).toMatchObject({ status: 409, body: { code: "not_enabled" } });
    expect([letters.letters.length, decisions]).toEqual([3, []]);
  });

  it("L10: are dropped", async () => {
    expect((await ask("DELETE", "/dead-letters/3-0")).status).toBe(204);
    expect(letters.letters).toHaveLength(2);
    expect((await ask("DELETE", "/dead-letters/3-0")).status).toBe(404);
    expect(decisions).toMatchObject([{ id: "3-0", decision: "dropped" }]);
  });

  it.each([
    ["no token", "", 401, "token_missing"],
    ["no JWT", "rubbish", 401, "unauthorized"],
  ])("P3: need a valid token: %s is refused", async (_, token, status, code) => {
    for (const [method, path] of [
      ["GET", "/dead-letters"],
      ["DELETE", "/dead-letters/1-0"],
      ["POST", "/dead-letters/1-0/replay"],
    ] as const) {
      expect(await ask(method, path, token)).toMatchObject({ status, body: { code } });
    }
    expect(letters.letters).toHaveLength(3);
  });

  it("need a token with the scope ops", async () => {
    for (const path of ["/dead-letters", "/Dead-Letters", "/dead-letters/"])
      expect(await ask("GET", path, alice)).toMatchObject({ status: 403, body: { code: "forbidden" } });
    expect(await ask("DELETE", "/dead-letters/1-0", alice)).toMatchObject({ status: 403 });
    expect(letters.letters).toHaveLength(3);
  });

  it.each(["limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "after=", "after=%2e%2e%2f"])(
    "P55: %s is refused",
    async (query) => {
      expect(await ask("GET", `/dead-letters?${query}`)).toMatchObject({
        status: 400,
        body: { code: "invalid_parameter" },
      });
    },
  );

  it("P55: answer 503 with a time to retry while the log doesn't answer", async () => {
    letters.isDown = true;
    const answer = await ask("GET", "/dead-letters");
    expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(answer.response.headers.get("retry-after")).toBe("1");
  });
});
