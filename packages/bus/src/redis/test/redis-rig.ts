import { type OwnServer, type ServerOptions, ServerUnavailable, startRedis } from "@parley/local";
import type { Draft } from "@parley/models";
import { Redis } from "ioredis";
import type { Appended } from "../../appender.ts";
import type { BusEvent } from "../../events.ts";
import type { RedisBusOptions } from "../context.ts";
import { RedisBus } from "../redis-bus.ts";

/** A Redis of one's own for the tests beside, a connection that stands outside of Parley, and buses. */
export interface Rig {
  readonly server: OwnServer;
  readonly raw: Redis;
  /** What all buses told since the last `reset`. */
  readonly events: BusEvent[];
  bus(options?: Partial<RedisBusOptions>): RedisBus;
  /** Closes the buses and empties the server. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** Undefined, with one loud line, where this machine has no Redis; there `CI` makes it an error. */
export async function startRig(options?: ServerOptions): Promise<Rig | undefined> {
  const server = await startRedis(options).catch((error: unknown) => {
    if (!(error instanceof ServerUnavailable) || process.env.CI) throw error;
    process.stderr.write(`\n*** SKIPPED: a suite that needs Redis: ${error.message}\n\n`);
    return undefined;
  });
  return server && rigOn(server);
}

function rigOn(server: OwnServer): Rig {
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
    bus(set = {}) {
      const bus = new RedisBus({ url: server.url, observe: (event) => events.push(event), ...set });
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

/** Waits for a condition; the error names it. */
export async function until(
  what: string,
  condition: () => unknown | Promise<unknown>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A public message of alice's. */
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
