import { ChatError, type LogMessage } from "@parley/models";
import type { Store } from "@parley/store";

/** A real store that counts its reads and can be made to fail or to wait. */
export interface WatchedStore extends Store {
  pages: number;
  /** How many messages each page was asked for. */
  readonly limits: number[];
  syncs: number;
  /** The page read with this number and all later ones fail, counted from 1. 0 makes `sync` fail as well. */
  failFrom: number;
  /** Reads begin once this has resolved. */
  delay: Promise<void>;
  /** The page read with this number and all later ones never end. */
  delayFrom: number;
  /** Lookups by ref begin once this has resolved. */
  lookupDelay: Promise<void>;
  /** The signals of all page and sync reads. */
  readonly signals: AbortSignal[];
}

type Overrides = Omit<WatchedStore, Exclude<keyof Store, "page" | "sync" | "findByRef">>;

export function watchStore(store: Store): WatchedStore {
  const overrides: Overrides = {
    pages: 0,
    limits: [],
    syncs: 0,
    failFrom: Number.POSITIVE_INFINITY,
    delay: Promise.resolve(),
    delayFrom: Number.POSITIVE_INFINITY,
    lookupDelay: Promise.resolve(),
    signals: [],
    async page(conversation, options) {
      overrides.pages += 1;
      overrides.limits.push(options.limit);
      if (options.signal) overrides.signals.push(options.signal);
      await overrides.delay;
      if (overrides.pages >= overrides.delayFrom) await new Promise(() => undefined);
      return overrides.pages >= overrides.failFrom
        ? Promise.reject(new ChatError("unavailable"))
        : store.page(conversation, options);
    },
    async sync(user, options) {
      overrides.syncs += 1;
      if (options.signal) overrides.signals.push(options.signal);
      await overrides.delay;
      return overrides.failFrom === 0
        ? Promise.reject(new ChatError("unavailable"))
        : store.sync(user, options);
    },
    async findByRef(messages: readonly LogMessage[], options) {
      await overrides.lookupDelay;
      return store.findByRef(messages, options);
    },
  };
  return new Proxy(store as WatchedStore, {
    get: (target, name) => {
      if (name in overrides) return Reflect.get(overrides, name);
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (_, name, value) => Reflect.set(overrides, name, value),
  });
}
