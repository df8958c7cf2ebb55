import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** The root of the repository. */
export const ROOT = join(import.meta.dirname, "../../../..");

/** The Compose file. */
export const COMPOSE = join(ROOT, "docker-compose.yml");

/** The properties of a service in the Compose file that the tests read. */
interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly user?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly networks?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly ulimits?: object;
  readonly privileged?: boolean;
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
  readonly healthcheck?: { readonly test: readonly string[] };
}

/** Reads the Compose file. Its anchors are merged, but its variables aren't filled in. */
export function readCompose() {
  return parse(readFileSync(COMPOSE, "utf8"), { merge: true }) as {
    readonly services: Readonly<Record<string, Service>>;
    readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
    readonly volumes: object;
  };
}

/** Fills in the variables of a text: `${NAME}`, `${NAME:-default}` and `${NAME:?message}`. */
export function interpolate(text: string, env: Readonly<Record<string, string>> = {}): string {
  return text
    .replaceAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind = "", word = "") => {
      const value = env[name] ?? "";
      if (value !== "") return value;
      if (kind === "?") throw new Error(`${name}: ${word}`);
      return word;
    })
    .replaceAll("$$", "$");
}
