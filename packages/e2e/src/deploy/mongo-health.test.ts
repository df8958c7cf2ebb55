import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { ROOT } from "./compose.ts";

const SCRIPT = readFileSync(join(ROOT, "deploy/mongo/health.js"), "utf8");
const PASSWORDS: Record<string, string> = {
  "/secrets/mongo/password": "password of the apps",
  "/secrets/mongo-admin/password": "password of the administrator",
};

interface User {
  readonly user: string;
  pwd: string;
}

/**
 * A fake mongod with a key file, as mongosh on the same machine sees it. It is fake because no package contains a
 * mongod. While there are no users, it permits creating the replica set and the first user. Afterwards it permits
 * only calls after a login.
 */
class Mongod {
  readonly users: User[] = [];
  hasReplicaSet = false;
  isPrimary = false;
  #login: string | undefined;

  /** Runs the health check in a new mongosh. */
  check(): { code: number; printed: string } {
    this.#login = undefined;
    let code: number | undefined;
    const printed: string[] = [];
    const admin = {
      auth: (user: string, pwd: string) => {
        if (!this.users.some((each) => each.user === user && each.pwd === pwd))
          throw failure("AuthenticationFailed");
        this.#login = user;
      },
      getUser: (name: string) => {
        this.#require(this.#login === "admin");
        return this.users.find(({ user }) => user === name) ?? null;
      },
      createUser: (user: User) => {
        this.#require(this.#login === "admin" || this.users.length === 0);
        if (!this.isPrimary) throw failure("NotWritablePrimary");
        this.users.push({ ...user });
      },
      updateUser: (name: string, { pwd }: User) => {
        this.#require(this.#login === "admin");
        for (const user of this.users) if (user.user === name) user.pwd = pwd;
      },
    };
    const rs = {
      status: () => {
        this.#require(this.#login === "admin" || this.users.length === 0);
        if (!this.hasReplicaSet) throw failure("NotYetInitialized");
      },
      initiate: () => {
        this.#require(this.users.length === 0);
        this.hasReplicaSet = true;
      },
    };
    const db = { getSiblingDB: () => admin, hello: () => ({ isWritablePrimary: this.isPrimary }) };
    const globals = {
      ...{ db, rs },
      require: () => ({ readFileSync: (path: string) => `${PASSWORDS[path]}\n` }),
      print: (text: string) => printed.push(text),
      quit: (status: number) => {
        code = status;
      },
    };
    try {
      runInNewContext(SCRIPT, globals);
    } catch (error) {
      printed.push(String(error));
    }
    // mongosh exits with code 1 if a script fails.
    return { code: code ?? 1, printed: printed.join("\n") };
  }

  #require(isPermitted: boolean): void {
    if (!isPermitted) throw failure("Unauthorized");
  }
}

function failure(codeName: string): Error {
  return Object.assign(new Error(codeName), { codeName });
}

/** Runs the check until it succeeds. After a check has created the replica set, the set elects its primary. */
function converge(mongod: Mongod): string[] {
  const printed: string[] = [];
  for (let i = 0; i < 5; i++) {
    const result = mongod.check();
    printed.push(result.printed);
    if (result.code === 0) return printed;
    mongod.isPrimary = mongod.hasReplicaSet;
  }
  throw new Error(`not healthy: ${printed.join("\n")}`);
}

const NAMES = ["admin", "parley"];

describe("MongoDB's health check", () => {
  it("sets up an empty server, and succeeds only once the apps can log in", () => {
    const mongod = new Mongod();
    expect(mongod.check().code).toBe(1);
    expect(mongod.users).toEqual([]);
    const printed = converge(mongod);
    expect(mongod.users.map(({ user }) => user)).toEqual(NAMES);
    expect(printed.join()).not.toMatch(/password of/);
  });

  it("adds the users to the data of an installation without passwords", () => {
    const mongod = new Mongod();
    mongod.hasReplicaSet = true;
    mongod.isPrimary = true;
    converge(mongod);
    expect(mongod.users.map(({ user }) => user)).toEqual(NAMES);
  });

  it("finishes a setup that was interrupted after any step", () => {
    const mongod = new Mongod();
    mongod.hasReplicaSet = true;
    mongod.isPrimary = true;
    mongod.users.push({ user: "admin", pwd: PASSWORDS["/secrets/mongo-admin/password"] ?? "" });
    converge(mongod);
    expect(mongod.users.map(({ user }) => user)).toEqual(NAMES);
  });

  it("changes the apps' password if theirs is a new one", () => {
    const mongod = new Mongod();
    converge(mongod);
    const apps = mongod.users[1];
    if (apps) apps.pwd = "an old one";
    converge(mongod);
    expect(apps?.pwd).toBe(PASSWORDS["/secrets/mongo/password"]);
  });

  it("fails, changes nothing and names the page if the administrator has another password", () => {
    const mongod = new Mongod();
    converge(mongod);
    for (const user of mongod.users) user.pwd = "another";
    const { code, printed } = mongod.check();
    expect(code).toBe(1);
    expect(printed).toContain("docs/operating.md");
    expect(mongod.users.map(({ pwd }) => pwd)).toEqual(["another", "another"]);
  });

  it("fails while the server isn't a primary, also with all users", () => {
    const mongod = new Mongod();
    converge(mongod);
    mongod.isPrimary = false;
    expect(mongod.check().code).toBe(1);
  });
});
