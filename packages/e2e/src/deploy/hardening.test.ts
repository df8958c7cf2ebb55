import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { interpolate, ROOT, readCompose } from "./compose.ts";
import { instructionsOf, stagesOf } from "./dockerfile.ts";

const compose = readCompose();
const services = Object.entries(compose.services);
const dockerfile = readFileSync(join(ROOT, "deploy/Dockerfile"), "utf8");

/** Capabilities that an image needs to change the owner of its files and to switch to another user. */
const TO_DROP_ROOT = ["CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"];
const CAPABILITIES: Readonly<Record<string, readonly string[]>> = {
  setup: ["CHOWN"],
  redis: TO_DROP_ROOT,
  mongo: TO_DROP_ROOT,
};

describe.each(services)("%s", (name, service) => {
  it("can't gain privileges or write to its image", () => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
    });
    expect(service.privileged).toBeUndefined();
    expect(service.cap_add ?? []).toEqual(CAPABILITIES[name] ?? []);
  });

  it("has a limit of memory, of processes, of temporary files and of logs", () => {
    expect(interpolate(service.mem_limit ?? "")).toMatch(/^[1-9]\d*[mg]$/);
    expect(service.pids_limit).toBeGreaterThan(0);
    expect(service.logging?.options).toEqual({ "max-size": "20m", "max-file": "5" });
    for (const mount of service.tmpfs ?? []) expect(mount).toMatch(/,size=\d+m$/);
  });

  it("starts where the host allows few open files: it sets no limit of its own", () => {
    expect(service.ulimits).toBeUndefined();
  });

  it("has an image of a certain version, not one that changes by itself", () => {
    if (service.build === undefined) expect(service.image).toMatch(/^[a-z/]+:\d+\.\d+(\.\d+)?(-\w+)?$/);
  });

  it("gets no password by its environment or its command line", () => {
    const { environment = {}, command = [] } = service;
    expect(Object.keys(environment)).not.toEqual(expect.arrayContaining([expect.stringMatching(/_URL$/)]));
    expect(`${Object.values(environment)} ${command}`).not.toMatch(/requirepass|:\/\/\S*@/);
  });
});

describe("the services together", () => {
  const mountsOf = (volume: string) =>
    services
      .filter(([, { volumes = [] }]) => volumes.some((text) => text.startsWith(`${volume}:`)))
      .map(([name]) => name);
  const modesOf = (volume: string) =>
    services
      .flatMap(([name, { volumes = [] }]) => volumes.map((text) => ({ name, text })))
      .filter(({ name, text }) => text.startsWith(`${volume}:`) && name !== "setup")
      .map(({ text }) => text.split(":")[2]);

  it("share a password only with the services that use it, which can't change it", () => {
    expect(mountsOf("redis-secrets")).toEqual(["setup", "gateway", "persister", "history-api", "redis"]);
    expect(mountsOf("mongo-secrets")).toEqual(["setup", "persister", "history-api", "mongo"]);
    expect(mountsOf("mongo-admin-secrets")).toEqual(["setup", "mongo"]);
    for (const volume of ["redis-secrets", "mongo-secrets", "mongo-admin-secrets"])
      expect([...new Set(modesOf(volume))]).toEqual(["ro"]);
  });

  it("start after the passwords exist", () => {
    for (const name of ["redis", "mongo"])
      expect(compose.services[name]?.depends_on?.setup).toEqual({
        condition: "service_completed_successfully",
      });
    for (const name of ["gateway", "persister", "history-api"])
      expect(compose.services[name]?.depends_on?.redis).toEqual({ condition: "service_healthy" });
  });

  it("publish one port, the proxy's, and keep Redis and MongoDB on a network without a way out", () => {
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(["proxy"]);
    expect(compose.networks.backend?.internal).toBe(true);
    for (const name of ["redis", "mongo"]) expect(compose.services[name]?.networks).toEqual(["backend"]);
  });

  it("have room in Redis' memory for a rewrite of its file, with the defaults", () => {
    const { environment = {} } = compose.services.setup ?? {};
    expect(interpolate(environment.REDIS_MEMORY ?? "")).toBe(
      interpolate(compose.services.redis?.mem_limit ?? ""),
    );
    expect(compose.services.redis?.command).toContain(environment.REDIS_MAXMEMORY);
  });
});

describe("the documents", () => {
  const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
  const text = read("docs/operating.md") + read("docs/configuration.md");

  it.each([
    ["docker-compose.yml", /\$\{(\w+)/g],
    ["deploy/proxy/start.sh", /\((?:setting|number) (\w+)/g],
  ])("describe every variable of %s", (path, pattern) => {
    const names = new Set([...read(path).matchAll(pattern)].map(([, name]) => name));
    expect(names.size).toBeGreaterThan(8);
    expect([...names].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("the Dockerfile", () => {
  const stages = stagesOf(dockerfile);
  const catalog: Record<string, string> = parse(
    readFileSync(join(ROOT, "pnpm-workspace.yaml"), "utf8"),
  ).catalog;

  it("builds and runs with the Node that the tests use", () => {
    const images = stages.map(({ from }) => from).filter((from) => !stages.some(({ name }) => name === from));
    expect(new Set(images)).toEqual(new Set([`node:${catalog.node}-slim`]));
  });

  it("installs one certain version of pnpm, which package.json allows", () => {
    const installs = instructionsOf(stages, "build").filter(({ text }) =>
      text.includes("npm install --global"),
    );
    const [, major] = /^npm install --global pnpm@(\d+)\.\d+\.\d+$/.exec(installs[0]?.text ?? "") ?? [];
    expect(installs).toHaveLength(1);
    const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(manifest.devEngines.packageManager.version).toBe(`>=${major} <${Number(major) + 1}`);
  });

  it("creates the folder for data for its user only", () => {
    expect(instructionsOf(stages, "standalone").map(({ text }) => text)).toContain(
      "mkdir -m 700 /data && chown node:node /data",
    );
  });
});
