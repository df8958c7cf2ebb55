import type { Redis } from "ioredis";
import type { Observe } from "../../events.ts";
import { isRefusal, RefusedError, reasonOf } from "../errors.ts";
import type { RedisBusConfig } from "../options.ts";

const REQUIRED = {
  appendonly: "yes",
  appendfsync: "always",
  "maxmemory-policy": "noeviction",
} as const;

/**
 * Checks that Redis keeps acknowledged writes (L8). If settings are wrong, rejects with an error that names them, or
 * only warns if `allowWeakDurability` is set. Also warns if Redis doesn't permit reading the settings.
 */
export async function checkDurability(
  client: Redis,
  config: Pick<RedisBusConfig, "allowWeakDurability">,
  observe: Observe,
): Promise<void> {
  const wrong = await durabilityWeaknesses(client).catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
    observe({
      type: "warning",
      text: `cannot check that Redis keeps acknowledged writes: ${reasonOf(error)}`,
    });
    return [];
  });
  if (wrong.length === 0) return;
  const text = `Redis may lose acknowledged writes: ${wrong.join(", ")}`;
  if (!config.allowWeakDurability) throw new Error(text);
  observe({ type: "warning", text });
}

/**
 * Returns the settings with which Redis may lose acknowledged writes (L8), each as text: `name is value, not value`.
 * Rejects if CONFIG is forbidden.
 */
export async function durabilityWeaknesses(client: Redis): Promise<string[]> {
  const reply = await client.config("GET", ...Object.keys(REQUIRED));
  const settings = new Map<string, string>();
  for (let i = 0; i + 1 < reply.length; i += 2) settings.set(String(reply[i]), String(reply[i + 1]));
  const required = Object.entries(REQUIRED);
  if (required.some(([name]) => !settings.has(name)))
    throw new RefusedError("CONFIG GET did not return all settings");
  return required
    .filter(([name, value]) => settings.get(name) !== value)
    .map(([name, value]) => `${name} is ${settings.get(name)}, not ${value}`);
}
