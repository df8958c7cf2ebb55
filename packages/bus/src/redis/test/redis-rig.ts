import { type LocalServer, type ServerOptions, ServerUnavailable, startRedis } from "@parley/local";
import type { Draft } from "@parley/models";
import { Redis } from "ioredis";
import type { Appended } from "../../appender.ts";
import type { BusEvent } from "../../events.ts";
import type { RedisBusOptions } from "../options.ts";
import { RedisBus } from "../redis-bus.ts";

/** A Redis server for one test file, with a plain connection and buses that use the server. */
export interface Rig {
  readonly server: LocalServer;
  /** A connection that doesn't belong to a bus. */
  readonly raw: Redis;
  /** The events of all buses since the last `reset`. */
  readonly events: BusEvent[];
  /** Creates a bus. */
  bus(options?: Partial<RedisBusOptions>): RedisBus;
  /** Closes the buses and empties the server. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server. If this machine has no Redis, prints a line and returns undefined, or throws if `CI` is set. */
export async function startRig(options?: ServerOptions): Promise<Rig | undefined> {
  const server = await startRedis(options).catch((error: unknown) => {
    if (!(error instanceof ServerUnavailable) || process.env.CI) throw error;
    process.stderr.write(`\n*** SKIPPED: a suite that needs Redis: ${error.message}\n\n`);
    return undefined;
  });
  return server && rigOn(server);
}

function rigOn(server: LocalServer): Rig {
  const raw = new Redis(server.url, { maxRetriesPerRequest: null });
  raw.on("error", () => undefined);
  const events: BusEvent[] = [];
  let buses: RedisBus[] = [];
  const closeBuses = async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    buses = [];
  };
  return {
    server,
    raw,
    events,
    bus(options = {}) {
      const bus = new RedisBus({ url: server.url, observe: (event) => events.push(event), ...options });
      buses.push(bus);
      return bus;
    },
    async reset() {
      await closeBuses();
      await raw.acl("SETUSER", "default", "+@all", "allchannels");
      await raw.config("SET", "maxmemory", "0");
      await raw.flushall();
      events.length = 0;
    },
    async stop() {
      await closeBuses();
      raw.disconnect();
      await server.stop();
    },
  };
}

/** A public message from alice. */
export function publicDraft(content: string, ref?: string): Draft {
  return { from: "alice", to: "", content, ...(ref !== undefined && { ref }) };
}

export function codeOf(appended: Appended | undefined): string {
  return appended?.ok ? "ok" : (appended?.error.code ?? "missing");
}

export function idOf(appended: Appended | undefined): string {
  if (!appended?.ok) throw new Error(`not appended: ${appended?.error.code}`);
  return appended.id;
}
