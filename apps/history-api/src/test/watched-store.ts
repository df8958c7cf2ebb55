import { ChatError } from "@parley/models";
import type { Store } from "@parley/store";

/** A real store that counts its reads and can be made to fail. */
export interface WatchedStore extends Store {
  pages: number;
  syncs: number;
  /** The page read with this number and all later ones fail, counted from 1. 0 makes `sync` fail as well. */
  failFrom: number;
  /** Reads begin once this has resolved. */
  delay: Promise<void>;
}

export function watchStore(store: Store): WatchedStore {
  const overrides: Pick<WatchedStore, "pages" | "syncs" | "failFrom" | "delay" | "page" | "sync"> = {
    pages: 0,
    syncs: 0,
    failFrom: Number.POSITIVE_INFINITY,
    delay: Promise.resolve(),
    async page(conversation, options) {
      overrides.pages += 1;
      await overrides.delay;
      return overrides.pages >= overrides.failFrom
        ? Promise.reject(new ChatError("unavailable"))
        : store.page(conversation, options);
    },
    async sync(user, options) {
      overrides.syncs += 1;
      await overrides.delay;
      return overrides.failFrom === 0
        ? Promise.reject(new ChatError("unavailable"))
        : store.sync(user, options);
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
