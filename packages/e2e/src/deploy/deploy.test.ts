import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@parley/async";
import { freePort, startChild } from "@parley/local";
import { describeEnv } from "@parley/service";
import { DCLinter } from "dclint";
import { afterAll, describe, expect, it } from "vitest";
import { gatewayEnv } from "../../../../apps/gateway/src/env.ts";
import { historyEnv } from "../../../../apps/history-api/src/env.ts";
import { persisterEnv } from "../../../../apps/persister/src/env.ts";
import { standaloneEnv } from "../../../../apps/standalone/src/env.ts";
import { COMPOSE, ROOT, readCompose } from "./compose.ts";
import { commandOf, instructionsOf, stagesOf, variablesOf } from "./dockerfile.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** The properties of a result that this test reads. dclint's own types don't resolve under `module: nodenext`. */
interface LintResult {
  readonly messages: readonly { readonly rule: string; readonly message: string }[];
}

const compose = readCompose();
const services = Object.entries(compose.services);
const built = services.filter(([, { build }]) => build !== undefined);
const stages = stagesOf(read("deploy/Dockerfile"));
const SHAPES = {
  gateway: gatewayEnv,
  persister: persisterEnv,
  "history-api": historyEnv,
  standalone: standaloneEnv,
};
type Target = keyof typeof SHAPES;
const TARGETS = Object.keys(SHAPES) as Target[];
const known = (target: Target) => describeEnv(SHAPES[target]).map(({ name }) => name);

describe("docker-compose.yml", () => {
  it("is valid against the schema of Compose", async () => {
    const linter = new DCLinter({ rules: {}, quiet: false, debug: false, exclude: [] });
    const results: readonly LintResult[] = await linter.lintFiles([COMPOSE], false);
    const found = results.flatMap(({ messages }) => messages);
    expect(found.filter(({ rule }) => /^invalid|duplicate/.test(rule))).toEqual([]);
    // Style rules report something, which shows that the file was read.
    expect(found).not.toEqual([]);
  });

  it.each(built)(
    "%s: is a target of the Dockerfile, and sets only variables that its app reads",
    (name, service) => {
      expect(service.build).toEqual({ context: ".", dockerfile: "deploy/Dockerfile", target: name });
      expect(known(name as Target)).toEqual(expect.arrayContaining(Object.keys(service.environment ?? {})));
    },
  );

  it.each(services)("%s: its dependencies, networks and files exist", (_name, service) => {
    expect(Object.keys(compose.services)).toEqual(
      expect.arrayContaining(Object.keys(service.depends_on ?? {})),
    );
    expect(Object.keys(compose.networks)).toEqual(expect.arrayContaining([...(service.networks ?? [])]));
    for (const volume of service.volumes ?? []) {
      const [source = ""] = volume.split(":");
      if (source.startsWith("./")) expect(existsSync(join(ROOT, source)), source).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });

  it("exactly three of its services are built", () => {
    expect(built.map(([name]) => name)).toEqual(["gateway", "persister", "history-api"]);
  });
});

describe("the images, rebuilt in a plain folder", () => {
  const folders: string[] = [];
  afterAll(() => folders.forEach((folder) => void rmSync(folder, { recursive: true })));

  /**
   * Copies the files that the Dockerfile copies from the build stage into the image. Returns their folder and the
   * image's instructions, which set its variables.
   */
  function buildImage(target: Target) {
    const folder = mkdtempSync(join(tmpdir(), "parley-image-"));
    folders.push(folder);
    const instructions = instructionsOf(stages, target);
    for (const { text } of instructions.filter(({ name }) => name === "COPY")) {
      const [, from = "", to = ""] = /^--from=build \/src\/(\S+) (\S+)$/.exec(text) ?? [];
      copyFileSync(join(ROOT, from), join(folder, to));
    }
    return { folder, instructions };
  }

  it.each(TARGETS)("%s: one file that starts with CMD and is healthy by its HEALTHCHECK", async (target) => {
    const { folder, instructions } = buildImage(target);
    expect(readdirSync(folder)).toEqual(["main.mjs"]);
    const env = {
      ...variablesOf(instructions),
      // A container has its own ports and address. Here the app shares those of this machine, so it gets free ports.
      PORT: String(await freePort()),
      ADMIN_PORT: String(await freePort()),
      HOST: "127.0.0.1",
      DATA_DIR: join(folder, "data"),
      JWT_SECRET: "a-secret-for-tests-only-long-enough-for-HS256",
      REDIS_URL: "redis://127.0.0.1:1",
      MONGO_URL: "mongodb://127.0.0.1:1",
    };
    const [program, ...args] = commandOf(instructions, "CMD");
    const [checker, ...check] = commandOf(instructions, "HEALTHCHECK");
    expect([program, checker]).toEqual(["node", "node"]);
    const child = await startChild({ command: process.execPath, args, cwd: folder, env });
    await until(() => {
      if (child.exit) throw new Error(child.output());
      execFileSync(process.execPath, check, { env, stdio: "ignore" });
      return true;
    }, `${target} to be healthy`);
    expect(await child.stop()).toEqual({ code: 0, signal: null });
    // The check fails once the app is stopped, which shows that the check really asks the app.
    expect(() => execFileSync(process.execPath, check, { env, stdio: "ignore" })).toThrow();
  });

  it.each(TARGETS)("%s: does not run as root, and sets only variables that its app reads", (target) => {
    const instructions = instructionsOf(stages, target);
    expect(instructions.findLast(({ name }) => name === "USER")?.text).toMatch(/^node$/);
    expect([...known(target), "NODE_ENV", "PORT"]).toEqual(
      expect.arrayContaining(Object.keys(variablesOf(instructions))),
    );
  });

  it("every path that the build copies exists, and its context holds the sources of the apps", () => {
    const copied = instructionsOf(stages, "build")
      .filter(({ name, text }) => name === "COPY" && !text.startsWith("--"))
      .flatMap(({ text }) => text.split(" ").slice(0, -1));
    expect(copied.length).toBeGreaterThan(1);
    for (const path of copied) expect(existsSync(join(ROOT, path)), path).toBe(true);
    const ignored = read(".dockerignore").split("\n");
    for (const needed of ["apps", "packages", "package.json", "pnpm-lock.yaml", "tsup.base.ts"])
      expect(ignored).not.toContain(needed);
  });
});
