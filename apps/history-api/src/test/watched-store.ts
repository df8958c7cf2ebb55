import { ChatError } from "@parley/models";
import type { Store } from "@parley/store";

/** A real store that counts its reads and can be made to fail. */
export interface WatchedStore extends Store {
  pages: number;
  syncs: number;
  /** Page reads fail from this number on. 0 makes `sync` fail as well. */
  failFrom: number;
}

export function watchStore(store: Store): WatchedStore {
  const overrides: Pick<WatchedStore, "pages" | "syncs" | "failFrom" | "page" | "sync"> = {
    pages: 0,
    syncs: 0,
    failFrom: Number.POSITIVE_INFINITY,
    page(conversation, options) {
      overrides.pages += 1;
      return overrides.pages >= overrides.failFrom
        ? Promise.reject(new ChatError("unavailable"))
        : store.page(conversation, options);
    },
    sync(user, options) {
      overrides.syncs += 1;
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
