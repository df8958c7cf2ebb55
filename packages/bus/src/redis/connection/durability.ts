import type { Redis } from "ioredis";
import type { Observe } from "../../events.ts";
import { isRefusal, Refused, reasonOf } from "../errors.ts";
import type { RedisBusConfig } from "../options.ts";

const WANTED = {
  appendonly: "yes",
  appendfsync: "always",
  "maxmemory-policy": "noeviction",
} as const;

/**
 * Whether this Redis keeps what it acknowledges (L8). Rejects with the settings that say otherwise, unless
 * `allowWeakDurability`; then, and where the settings cannot be read, it warns.
 */
export async function checkDurability(
  client: Redis,
  config: Pick<RedisBusConfig, "allowWeakDurability">,
  observe: Observe,
): Promise<void> {
  const wrong = await weaknesses(client).catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
    observe({
      type: "warning",
      text: `cannot check that Redis keeps what it acknowledges: ${reasonOf(error)}`,
    });
    return [];
  });
  if (wrong.length === 0) return;
  const text = `Redis may lose what it acknowledges: ${wrong.join(", ")}`;
  if (!config.allowWeakDurability) throw new Error(text);
  observe({ type: "warning", text });
}

/** What of its settings may lose what it acknowledges, in words. Rejects where CONFIG is forbidden. */
export async function weaknesses(client: Redis): Promise<string[]> {
  const reply = await client.config("GET", ...Object.keys(WANTED));
  const settings = new Map<string, string>();
  for (let i = 0; i + 1 < reply.length; i += 2) settings.set(String(reply[i]), String(reply[i + 1]));
  const wanted = Object.entries(WANTED);
  if (wanted.some(([name]) => !settings.has(name))) throw new Refused("CONFIG GET leaves settings out");
  return wanted
    .filter(([name, value]) => settings.get(name) !== value)
    .map(([name, value]) => `${name} is ${settings.get(name)}, not ${value}`);
}
